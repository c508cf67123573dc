-- A password that somebody else made and read out: good for one sign-in, at which it is changed.

alter table users add column temporary_password BOOLEAN not null default false;
