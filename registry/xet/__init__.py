"""Bytes in the chunked form of stock clients: taken apart, checked, and put together as the files they are of."""
