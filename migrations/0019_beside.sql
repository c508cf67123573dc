-- What a letter says beside its words, as JSON: what was folded away, what is known of its sender.
alter table messages add column beside TEXT;
