//! What tests stand on: the same test on each engine, and an application without a network.

mod engine;

pub use engine::TestDb;
#[doc(hidden)]
pub use tokio;

/// Declares tests that run once on each engine: `engines! { async fn name(kit) { ... } }`.
///
/// The PostgreSQL half needs `TANGGAP_TEST_POSTGRES` (see scripts/with-postgres.sh); without it it
/// says so and is passed over, except where `CI` is set, where that is a failure.
#[macro_export]
macro_rules! engines {
    ($($(#[$doc:meta])* async fn $name:ident($kit:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing from around it")]
            use super::*;

            async fn run($kit: $crate::TestDb) $body

            #[test]
            fn sqlite() {
                $crate::block_on(async { run($crate::TestDb::sqlite().await).await });
            }

            #[test]
            fn postgres() {
                $crate::block_on(async {
                    if let Some(kit) = $crate::TestDb::postgres().await {
                        run(kit).await;
                    }
                });
            }
        }
    )*};
}

/// Runs a future on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}
