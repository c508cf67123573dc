//! Statements: written once in PostgreSQL's dialect, named, and registered, so that one test can
//! prepare each on both engines and read its plan.

use std::sync::OnceLock;

/// One statement of the program.
#[derive(Debug)]
pub struct Sql {
    /// Its name in the source.
    pub name: &'static str,
    /// PostgreSQL's text, with `$1..$n`.
    pub postgres: &'static str,
    own_sqlite: Option<&'static str>,
    /// Why it may scan a large table, where it may.
    pub scan: Option<&'static str>,
    sqlite: OnceLock<String>,
    own_plan: OnceLock<bool>,
    fills: OnceLock<Option<&'static str>>,
}

impl Sql {
    /// Used by [`sql!`](crate::sql).
    #[must_use]
    pub const fn new(
        name: &'static str,
        postgres: &'static str,
        own_sqlite: Option<&'static str>,
        scan: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            postgres,
            own_sqlite,
            scan,
            sqlite: OnceLock::new(),
            own_plan: OnceLock::new(),
            fills: OnceLock::new(),
        }
    }

    /// PostgreSQL's text for so many rows at once: the group behind `values` again and again, each
    /// with parameters of its own. `None` where there is no such group.
    pub(crate) fn for_rows(&self, rows: usize) -> Option<String> {
        let begins = self.postgres.find("values (")? + "values ".len();
        let ends = begins + self.postgres[begins..].find(')')? + 1;
        let (group, rest) = (&self.postgres[begins..ends], &self.postgres[ends..]);
        let each = group.matches('$').count();
        let groups: Option<Vec<String>> =
            (0..rows).map(|row| renumbered(group, row * each)).collect();
        let mut text = self.postgres[..begins].to_owned();
        text.push_str(&groups?.join(", "));
        text.push_str(rest);
        Some(text)
    }

    /// The table that it puts rows into, where it does that alone: it reads none, so what else is
    /// put down with it makes no difference to it.
    pub(crate) fn fills(&self) -> Option<&'static str> {
        *self.fills.get_or_init(|| {
            let rest = self.postgres.strip_prefix("insert into ")?;
            let words = || rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let reads = |word: &str| {
                ["from", "returning", "table"].iter().any(|it| word.eq_ignore_ascii_case(it))
            };
            (!words().any(reads)).then(|| words().next()).flatten()
        })
    }

    /// One text of PostgreSQL's in the place of several inserts into different tables, each with
    /// its number of rows and of parameters; theirs come one after the other. `None` where one of
    /// them puts down no rows at once.
    pub(crate) fn together(parts: &[(&Self, usize, usize)]) -> Option<String> {
        let (mut texts, mut before) = (Vec::with_capacity(parts.len()), 0);
        for (sql, rows, params) in parts {
            let text = match rows {
                1 => sql.postgres.to_owned(),
                rows => sql.for_rows(*rows)?,
            };
            texts.push(renumbered(&text, before)?);
            before += params;
        }
        let last = texts.pop()?;
        let named = texts.iter().enumerate().map(|(n, text)| format!("put{n} as ({text})"));
        Some(match named.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => last,
            named => format!("with {named} {last}"),
        })
    }

    /// Whether its plan depends on the values: conditions that count only where theirs is given.
    pub(crate) fn wants_own_plan(&self) -> bool {
        *self.own_plan.get_or_init(|| self.postgres.contains(") is null or "))
    }

    /// SQLite's text, with `?1..?n`.
    #[must_use]
    pub fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| self.own_sqlite.unwrap_or(self.postgres).replace('$', "?"))
    }
}

/// A text whose parameters come after `before` others.
fn renumbered(text: &str, before: usize) -> Option<String> {
    let mut parts = text.split('$');
    let mut new = parts.next()?.to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..digits].parse().ok()?;
        new.push_str(&format!("${}{}", before + number, &part[digits..]));
    }
    Some(new)
}

/// Declares statements and registers them in `STATEMENTS` of the module.
///
/// ```
/// tanggap_store::sql! {
///     FIND = "select name from units where agency_id = $1 and id = $2";
///     SEARCH = "select 1 where to_tsvector('simple', $1) @@ plainto_tsquery('simple', $2)",
///         sqlite: "select 1 where $1 like $2";
///     ALL = @scan("export, in pages") "select name from units";
/// }
/// assert_eq!(STATEMENTS.len(), 3);
/// # let _ = (&FIND, &SEARCH, &ALL);
/// ```
#[macro_export]
macro_rules! sql {
    ($(
        $(#[$doc:meta])*
        $name:ident = $(@scan($why:literal))? $text:expr $(, sqlite: $lite:expr)? ;
    )*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: $crate::Sql = $crate::Sql::new(
                stringify!($name),
                $text,
                $crate::sql!(@option $($lite)?),
                $crate::sql!(@option $($why)?),
            );
        )*
        /// Every statement of this module.
        pub(crate) static STATEMENTS: &[&$crate::Sql] = &[$(&$name),*];
    };
    (@option) => { None };
    (@option $some:expr) => { Some($some) };
}

#[cfg(test)]
mod tests {
    use super::Sql;

    #[test]
    fn rows_at_once_have_parameters_of_their_own() {
        static ONE: Sql = Sql::new(
            "one",
            "insert into words (word, at, seen) values ($1, $2, 0) on conflict do nothing",
            None,
            None,
        );
        assert_eq!(
            ONE.for_rows(3).as_deref(),
            Some(
                "insert into words (word, at, seen) values ($1, $2, 0), ($3, $4, 0), ($5, $6, 0) \
                 on conflict do nothing"
            )
        );
        static OTHER: Sql = Sql::new(
            "other",
            "insert into seen (at, hash) select $1, array_length($2, 1)",
            None,
            None,
        );
        assert_eq!(
            Sql::together(&[(&ONE, 2, 4), (&OTHER, 1, 2), (&ONE, 1, 2)]).as_deref(),
            Some(
                "with put0 as (insert into words (word, at, seen) values ($1, $2, 0), ($3, $4, 0) \
                 on conflict do nothing), put1 as (insert into seen (at, hash) \
                 select $5, array_length($6, 1)) \
                 insert into words (word, at, seen) values ($7, $8, 0) on conflict do nothing"
            )
        );
        assert_eq!(Sql::together(&[(&ONE, 1, 2)]).as_deref(), Some(ONE.postgres));
        static NONE: Sql = Sql::new("none", "delete from words where word = $1", None, None);
        assert_eq!(NONE.for_rows(2), None);
        static READS: Sql = Sql::new("reads", "insert into a (b) select b from c", None, None);
        assert_eq!((ONE.fills(), OTHER.fills()), (Some("words"), Some("seen")));
        assert_eq!((NONE.fills(), READS.fills()), (None, None));
        static BROKEN: Sql =
            Sql::new("broken", "insert into seen\n(at) values ((select 1\nfrom a))", None, None);
        static TELLS: Sql =
            Sql::new("tells", "insert into seen (at) values ($1)\nreturning at", None, None);
        static LINES: Sql = Sql::new("lines", "insert into seen\n(at) values ($1)", None, None);
        assert_eq!((BROKEN.fills(), TELLS.fills(), LINES.fills()), (None, None, Some("seen")));
    }
}
