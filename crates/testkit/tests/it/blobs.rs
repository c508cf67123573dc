//! Files by their content, in a folder and at a server that speaks S3.

use bytes::Bytes;
use tanggap_kernel::{Error, Refusal};
use tanggap_store::blobs::{Blobs, Found, name_of};

/// `spoil` puts other bytes where a file is, past the store.
async fn keeps(blobs: &Blobs, spoil: impl Fn(&str)) {
    let bytes = Bytes::from_static(b"foto jalan berlubang");
    let name = blobs.put(bytes.clone()).await.expect("kept");
    assert_eq!(name, name_of(&bytes));
    assert_eq!(blobs.put(bytes.clone()).await.expect("kept once"), name);
    assert_eq!(blobs.get(&name).await.expect("found"), bytes);
    assert_eq!(blobs.look_at(&name).await.expect("looked"), Found::Sound);
    spoil(&format!("{}/{}/{name}", &name[..2], &name[2..4]));
    assert_eq!(blobs.look_at(&name).await.expect("looked"), Found::Changed);
    blobs.delete(&name).await.expect("gone");
    for missing in [name.as_str(), "../../etc/passwd", ""] {
        let found = blobs.get(missing).await;
        assert!(matches!(found, Err(Error::Refused(Refusal::NotFound))), "{found:?}");
        assert_eq!(blobs.look_at(missing).await.expect("looked"), Found::Missing);
    }
    blobs.delete(&name).await.expect("gone twice is gone");
}

#[test]
fn in_a_folder() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let place = folder.path().join("files");
    let blobs = Blobs::open(place.to_str().expect("text")).expect("opened");
    let spoil = |path: &str| std::fs::write(place.join(path), "lain").expect("written");
    tanggap_testkit::block_on(keeps(&blobs, spoil));
}

#[test]
fn at_a_server_that_speaks_s3() {
    let Ok(place) = std::env::var("TANGGAP_TEST_S3") else {
        assert!(std::env::var("CI").is_err(), "CI needs TANGGAP_TEST_S3 (scripts/with-s3.sh)");
        println!("skipped: TANGGAP_TEST_S3 is not set");
        return;
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let at = place.replacen("s3:/", &std::env::var("AWS_ENDPOINT").expect("its address"), 1);
    let spoil = |path: &str| {
        let mut curl = std::process::Command::new("curl");
        // Without a signature that names somebody the server takes no bytes.
        let signed = "authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/\
            aws4_request, SignedHeaders=host, Signature=x";
        let put = curl
            .args(["-sf", "-X", "PUT", "--data", "lain", "-H", signed, "-H"])
            .args(["content-type: application/octet-stream", &format!("{at}/{path}")]);
        assert!(put.status().expect("curl runs").success());
    };
    tanggap_testkit::block_on(keeps(&Blobs::open(&place).expect("opened"), spoil));
}
