-- Texts that a provider approved before, as it last told them; what they say, with {{1}}, {{2}} …
-- where values go.
create table if not exists channel_templates (
  agency_id BIGINT not null,
  account_id BIGINT not null,
  name TEXT not null,
  language TEXT not null,
  category TEXT not null,
  body TEXT not null,
  gaps BIGINT not null,
  fetched_at BIGINT not null,
  primary key (agency_id, account_id, name, language)
);
