-- Reporters who wait for a word, on ended cases too. Holds all that is counted, `awaiting` too, or
-- SQLite would read each row.

create index if not exists cases_awaiting on cases (agency_id, due_at, id, unit_id,
  reported_unit_id, reported_user_id, open, awaiting) where awaiting;
