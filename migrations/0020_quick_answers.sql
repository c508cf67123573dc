-- Texts that are written often: an agency's for all its staff, and each one's own.

create table if not exists quick_answers (
  agency_id BIGINT not null,
  id BIGINT not null,
  -- Whose own it is; 0: the agency's.
  owner_id BIGINT not null,
  -- What one types after a slash to find it.
  shortcut TEXT not null,
  title TEXT not null,
  -- Plain text with {{variables}}.
  body TEXT not null,
  updated_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists quick_answers_by_shortcut
  on quick_answers (agency_id, owner_id, shortcut);
