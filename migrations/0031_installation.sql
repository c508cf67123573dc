-- What belongs to the installation and to no agency.

create table if not exists installation (
  -- `key`: the mark of the master key with which the database is used.
  name TEXT primary key,
  value BYTEA not null
);
