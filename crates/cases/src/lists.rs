//! One page of a list: which statements answer it, and how their rows come together.

use tanggap_kernel::paging::{Cursor, Page};
use tanggap_kernel::{Access, Permission, Result, Scope, Timestamp, Value};
use tanggap_store::{Sql, Tx};

use crate::filter::{Filter, Order};
use crate::model::Case;
use crate::queries::{
    AWAITING, CLOSED, CLOSED_BY_UNIT, NEWEST, NEWEST_BY_KIND, NEWEST_BY_STATUS, NEWEST_BY_UNIT,
    OPEN, OPEN_BY_KIND, OPEN_BY_OWNER, OPEN_BY_STATUS, OPEN_BY_UNIT, PAGE_MAX, Reach, USUAL,
    USUAL_BEFORE, USUAL_BY_EITHER, USUAL_BY_OWNER, USUAL_BY_STATUS, list_params,
};
use crate::store::read;

/// One page of cases that `access` may see.
///
/// # Errors
/// A fault of the engine.
pub fn list(
    tx: &mut Tx<'_>,
    access: &Access,
    filter: &Filter,
    order: Order,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<Case>> {
    list_any(tx, access, std::slice::from_ref(filter), order, after, limit)
}

/// One page of cases that `access` may see and that fit one of `filters`, of which no case fits
/// two.
///
/// # Errors
/// A fault of the engine.
pub fn list_any(
    tx: &mut Tx<'_>,
    access: &Access,
    filters: &[Filter],
    order: Order,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<Case>> {
    let wanted = wanted(access, filters, order, after, limit);
    ahead(tx, &wanted)?;
    let mut rows = Vec::new();
    for (statement, bound) in &wanted {
        rows.extend(tx.all(statement, bound, read)?);
    }
    if wanted.len() > 1 {
        rows.sort_by_key(|case| (sort_of(case, order), case.id));
        if order != Order::Due {
            rows.reverse();
        }
    }
    let limit = usize::try_from(limit.clamp(1, PAGE_MAX)).unwrap_or(1);
    Ok(Page::from_rows(rows, limit, |case| Cursor { sort: sort_of(case, order), id: case.id.0 }))
}

type Wanted = (&'static Sql, Vec<Value<'static>>);

fn ahead(tx: &mut Tx<'_>, wanted: &[Wanted]) -> Result<()> {
    for (statement, bound) in wanted {
        tx.ahead(statement, bound)?;
    }
    Ok(())
}

fn sort_of(case: &Case, order: Order) -> i64 {
    match order {
        Order::Due => case.due.as_ref().map_or(i64::MAX, |due| due.at.as_micros()),
        Order::Newest => 0,
        Order::Closed => case.closed_at.map_or(0, Timestamp::as_micros),
    }
}

/// What to ask for a page, to be merged: each filter, and each unit of a scope (a handful), by its
/// own index.
fn wanted(
    access: &Access,
    filters: &[Filter],
    order: Order,
    after: Option<Cursor>,
    limit: i64,
) -> Vec<Wanted> {
    let reach = Reach::of(access);
    let limit = limit.clamp(1, PAGE_MAX) + 1;
    let key = match order {
        Order::Due => after.map_or((i64::MIN, i64::MIN), |c| (c.sort, c.id)),
        Order::Newest => (after.map_or(i64::MAX, |c| c.id), 0),
        Order::Closed => after.map_or((i64::MAX, i64::MAX), |c| (c.sort, c.id)),
    };
    if reach.units.is_none()
        && order == Order::Due
        && let Some((statement, by)) = usual(filters)
    {
        let mut bound = reach.bound(access, key.0);
        bound[2] = key.1.into();
        bound[5] = limit.into();
        bound.extend(by);
        return vec![(statement, bound.into_iter().map(Value::into_owned).collect())];
    }
    let one = |filter: &Filter| {
        let bound = list_params(access, &reach, filter, key, limit.into());
        (statement(filter, order), bound.into_iter().map(Value::into_owned).collect())
    };
    let each = |filter: &Filter| match access.scope(Permission::CaseRead) {
        Scope::Units(units) if filter.unit.is_none() => units
            .into_iter()
            .map(|unit| one(&Filter { unit: Some(unit), ..filter.clone() }))
            .collect(),
        _ => vec![one(filter)],
    };
    filters.iter().flat_map(each).collect()
}

/// The statement for a list that nothing narrows but its queue, and that queue's values.
fn usual(filters: &[Filter]) -> Option<(&'static Sql, Vec<Value<'static>>)> {
    let status = |of: &Filter| of.status.filter(|s| *of == Filter::of_status(*s));
    match filters {
        [one, other] => {
            let both = [status(one)?, status(other)?].map(|s| s.as_str().into());
            Some((&USUAL_BY_EITHER, both.to_vec()))
        }
        [one] => {
            let (owner, due_before) = (one.owner, one.due_before);
            if let Some(status) = status(one) {
                Some((&USUAL_BY_STATUS, vec![status.as_str().into()]))
            } else if *one == Filter::default() {
                Some((&USUAL, Vec::new()))
            } else if *one == (Filter { owner, ..Filter::default() }) {
                Some((&USUAL_BY_OWNER, vec![owner.into()]))
            } else if *one == (Filter { due_before, ..Filter::default() }) {
                Some((&USUAL_BEFORE, vec![due_before.into()]))
            } else {
                None
            }
        }
        _ => None,
    }
}

fn statement(filter: &Filter, order: Order) -> &'static Sql {
    match order {
        Order::Due if filter.awaiting == Some(true) => &AWAITING,
        Order::Due if filter.unit.is_some() => &OPEN_BY_UNIT,
        Order::Due if filter.owner.is_some() => &OPEN_BY_OWNER,
        Order::Due if filter.status.is_some() => &OPEN_BY_STATUS,
        Order::Due if filter.kind.is_some() => &OPEN_BY_KIND,
        Order::Due => &OPEN,
        Order::Newest if filter.unit.is_some() => &NEWEST_BY_UNIT,
        Order::Newest if filter.status.is_some() => &NEWEST_BY_STATUS,
        Order::Newest if filter.kind.is_some() => &NEWEST_BY_KIND,
        Order::Newest => &NEWEST,
        Order::Closed if filter.unit.is_some() => &CLOSED_BY_UNIT,
        Order::Closed => &CLOSED,
    }
}
