-- The newest cases of a rare kind, and how many there are.

create index if not exists cases_by_kind on cases (agency_id, kind, id, unit_id,
  reported_unit_id, reported_user_id);
