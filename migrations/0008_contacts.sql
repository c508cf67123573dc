-- Finding people by name, and who says to be somebody that we know.

create table if not exists contact_words (
  agency_id BIGINT not null,
  word TEXT not null,
  contact_id BIGINT not null,
  primary key (agency_id, word, contact_id)
);
-- The words of those who are known already are noted by a job.
insert into jobs (kind, key, agency_id, run_at, body, attempts, lease_until, lease_token,
  created_at)
  select 'contact_words', cast(id as TEXT), id, 0, '0', 0, 0, 0, 0 from agencies where true
  on conflict (kind, key) do nothing;

-- Gave the name and a number or an address of that contact, and something that was not known of
-- it: perhaps the same person, perhaps not.
alter table contacts add column same_as BIGINT;
create index if not exists contacts_by_same on contacts (agency_id, same_as, id)
  where same_as is not null;
