-- Whose language was only recognised by its words, and queues whose agents may choose.

alter table talks add column language_guessed BOOLEAN not null default false;
-- Agents may take what waits by themselves, not only what rings.
alter table routing_queues add column may_pick BOOLEAN not null default true;
