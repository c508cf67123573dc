-- What is due next of each kind of job, without reading them all.

create index if not exists jobs_by_kind on jobs (agency_id, kind, run_at);
drop index if exists jobs_by_agency;
