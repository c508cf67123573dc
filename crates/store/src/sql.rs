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
