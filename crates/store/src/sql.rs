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
        }
    }

    /// PostgreSQL's text for so many rows at once: the group behind `values` again and again, each
    /// with parameters of its own. `None` where there is no such group.
    pub(crate) fn for_rows(&self, rows: usize) -> Option<String> {
        let begins = self.postgres.find("values (")? + "values ".len();
        let ends = begins + self.postgres[begins..].find(')')? + 1;
        let (group, rest) = (&self.postgres[begins..ends], &self.postgres[ends..]);
        let parts: Vec<&str> = group.split('$').collect();
        let mut text = self.postgres[..begins].to_owned();
        for row in 0..rows {
            text.push_str(if row == 0 { parts[0] } else { ", (" });
            for part in &parts[1..] {
                let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
                let number: usize = part[..digits].parse().ok()?;
                text.push_str(&format!("${}{}", row * (parts.len() - 1) + number, &part[digits..]));
            }
        }
        text.push_str(rest);
        Some(text)
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
        static NONE: Sql = Sql::new("none", "delete from words where word = $1", None, None);
        assert_eq!(NONE.for_rows(2), None);
    }
}
