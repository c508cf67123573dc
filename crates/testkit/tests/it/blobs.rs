//! Files by their content, in a folder and at a server that speaks S3.

use bytes::Bytes;
use tanggap_kernel::{Error, Refusal};
use tanggap_store::blobs::{Blobs, name_of};

async fn keeps(blobs: &Blobs) {
    let bytes = Bytes::from_static(b"foto jalan berlubang");
    let name = blobs.put(bytes.clone()).await.expect("kept");
    assert_eq!(name, name_of(&bytes));
    assert_eq!(blobs.put(bytes.clone()).await.expect("kept once"), name);
    assert_eq!(blobs.get(&name).await.expect("found"), bytes);
    blobs.delete(&name).await.expect("gone");
    for missing in [name.as_str(), "../../etc/passwd", ""] {
        let found = blobs.get(missing).await;
        assert!(matches!(found, Err(Error::Refused(Refusal::NotFound))), "{found:?}");
    }
    blobs.delete(&name).await.expect("gone twice is gone");
}

#[test]
fn in_a_folder() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let place = folder.path().join("files");
    let blobs = Blobs::open(place.to_str().expect("text")).expect("opened");
    tanggap_testkit::block_on(keeps(&blobs));
}

#[test]
fn at_a_server_that_speaks_s3() {
    let Ok(place) = std::env::var("TANGGAP_TEST_S3") else {
        assert!(std::env::var("CI").is_err(), "CI needs TANGGAP_TEST_S3 (scripts/with-s3.sh)");
        println!("skipped: TANGGAP_TEST_S3 is not set");
        return;
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tanggap_testkit::block_on(keeps(&Blobs::open(&place).expect("opened")));
}
