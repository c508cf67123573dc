-- The log vouches for what was written: an event holds a commitment to the row, the row its salt.
-- Null in rows from before that.

alter table cases add column salt BYTEA;
alter table messages add column salt BYTEA;
alter table attachments add column salt BYTEA;
