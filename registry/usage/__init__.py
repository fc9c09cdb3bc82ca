"""Who was helped by whom: inclusions and downloads."""
