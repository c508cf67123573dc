-- Who may add agencies: until now nobody, from now on the administrators of the first agency.

insert into user_roles (agency_id, user_id, role, unit_id)
  select agency_id, user_id, 'host', 0 from user_roles
  where role = 'administrator' and agency_id = (select min(id) from agencies)
  on conflict do nothing;
