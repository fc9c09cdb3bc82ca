#!/bin/sh
# Runs once, when the volume is new: the application's own role, which is no superuser, and the database it owns.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --set password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE guildhall LOGIN PASSWORD :'password';
CREATE DATABASE guildhall OWNER guildhall;
SQL
