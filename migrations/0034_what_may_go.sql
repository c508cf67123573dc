-- What has done its service and still tells who somebody is is found without reading all.
create index if not exists outbound_loose on outbound (agency_id, interaction_id, id)
    where case_id is null and message_id is null;
create index if not exists inbound_told on inbound (id)
    where payload is not null and state = 'done';
