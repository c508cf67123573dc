//! Pictures with and without secrets, bombs, and files that are not what they say.

use image::RgbImage;

use super::*;

const MB: usize = 1 << 20;

fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, _| {
        image::Rgb(if x < width / 2 { [250, 0, 0] } else { [0, 0, 250] })
    });
    let mut out = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, 90)).unwrap();
    out
}

/// Puts an EXIF segment with an orientation and a telling place behind the start of a JPEG.
fn with_exif(jpeg: &[u8], orientation: u8) -> Bytes {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
    tiff.extend(b"GPS RUMAH PELAPOR");
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(tiff);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(length);
    out.extend(segment);
    out.extend(&jpeg[2..]);
    out.extend(b"tail behind the end");
    out.into()
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[tokio::test]
async fn pictures_wait_for_each_other_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let all = UNPACKING.available_permits();
    let taken = UNPACKING.acquire_many(u32::try_from(all).unwrap()).await.unwrap();
    let text = take(&blobs, Bytes::from_static(b"surat"), "a.txt".into(), MB, None).await;
    assert_eq!(text.unwrap().size, 5);
    let picture = || take(&blobs, photo(40, 20).into(), "a.jpg".into(), MB, None);
    let soon = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(soon, picture()).await.is_err(), "no room yet");
    drop(taken);
    assert_eq!(picture().await.unwrap().media_type, "image/jpeg");
    assert_eq!(UNPACKING.available_permits(), all);
}

#[test]
fn photos_lose_their_secrets_and_stand_upright() {
    for (orientation, expected) in [(1, (64, 40)), (6, (40, 64)), (3, (64, 40))] {
        let sent = with_exif(&photo(64, 40), orientation);
        assert!(has(&sent, b"GPS"));
        let kept = prepare(sent, "C:\\fakepath\\Foto 1.jpg", MB).unwrap();
        assert_eq!((kept.media_type, kept.name.as_str()), ("image/jpeg", "Foto 1.jpg"));
        for secret in [&b"Exif"[..], b"GPS", b"tail behind"] {
            assert!(!has(&kept.bytes, secret), "{orientation}");
        }
        let shown = image::load_from_memory(&kept.bytes).unwrap();
        assert_eq!((shown.width(), shown.height()), expected);
        let small = image::load_from_memory(&kept.thumbnail.unwrap()).unwrap();
        assert!(small.width() <= THUMBNAIL_PIXELS && small.height() <= THUMBNAIL_PIXELS);
    }
}

#[test]
fn a_photo_that_lies_is_turned_with_its_colours() {
    let kept = prepare(with_exif(&photo(64, 40), 6), "x.jpg", MB).unwrap();
    let shown = image::load_from_memory(&kept.bytes).unwrap().to_rgb8();
    // Turned a quarter to the right, the left half becomes the upper one.
    assert!(shown.get_pixel(20, 8)[0] > 200 && shown.get_pixel(20, 56)[2] > 200);
}

#[test]
fn png_and_webp_lose_their_notes() {
    let picture = DynamicImage::ImageRgb8(RgbImage::new(20, 20));
    for (format, media_type) in [(ImageFormat::Png, "image/png"), (ImageFormat::WebP, "image/webp")]
    {
        let plain = encode(&picture, format).unwrap();
        let kept = prepare(plain.clone(), "x", MB).unwrap();
        assert_eq!(kept.media_type, media_type);
        assert!(image::load_from_memory(&kept.bytes).is_ok());
        let mut noted = plain.to_vec();
        if format == ImageFormat::Png {
            // The checksum of a chunk that is not critical may be wrong.
            noted.splice(33..33, b"\0\0\0\x06tEXtrahasi\0\0\0\0".iter().copied());
            let stripped = clean::strip(&noted.into(), format).unwrap();
            assert!(!has(&stripped, b"rahasi"));
        }
    }
}

#[test]
fn files_are_what_their_bytes_are() {
    for (bytes, expected) in [
        (&b"%PDF-1.7 ..."[..], "application/pdf"),
        (b"Kepada Yth. Bapak Camat,\nJalan rusak.", "text/plain; charset=utf-8"),
        (b"<html><script>alert(1)</script>", OCTETS),
        (b"  <svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", OCTETS),
        (b"MZ\x90\0\x03", OCTETS),
        (b"\x7fELF\x02", OCTETS),
        (b"#!/bin/sh\nrm -rf /", OCTETS),
        (b"PK\x03\x04 anything", OCTETS),
        (b"PK\x03\x04 .. word/document.xml", OFFICE_TEXT),
        (b"PK\x03\x04 .. word/document.xml word/vbaProject.bin", OCTETS),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"OggS..", "audio/ogg"),
    ] {
        assert_eq!(sniff(bytes), expected, "{}", String::from_utf8_lossy(bytes));
    }
}

const OFFICE_TEXT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

#[test]
fn what_is_broken_or_too_large_is_not_unpacked() {
    assert!(prepare(Bytes::from(vec![b'a'; 11]), "x.txt", 10).is_err());
    assert!(prepare(Bytes::new(), "x.txt", 10).is_err());
    let torn = prepare(Bytes::copy_from_slice(&photo(64, 40)[..200]), "x.jpg", MB).unwrap();
    assert!(torn.thumbnail.is_none() || torn.media_type == "image/jpeg");
    // A header that promises 60,000 by 60,000 pixels.
    let mut bomb =
        encode(&DynamicImage::ImageRgb8(RgbImage::new(8, 8)), ImageFormat::Png).unwrap().to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let kept = prepare(bomb.into(), "x.png", MB).unwrap();
    assert_eq!((kept.media_type, kept.thumbnail), (OCTETS, None));
}

#[test]
fn a_heic_that_cannot_be_cleared_is_refused_with_its_name() {
    let torn = Bytes::from_static(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic GPS");
    let Err(Refusal::Invalid(wrong)) = prepare(torn, "IMG_1.HEIC", MB) else { panic!("kept") };
    assert_eq!((wrong[0].field.as_str(), wrong[0].message), ("files", PHOTO_UNREAD));
    assert_eq!(wrong[0].args, [("name", "IMG_1.HEIC".to_owned())]);
}

#[test]
fn names_are_harmless() {
    for (given, expected) in [
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("", "berkas"),
        (".htaccess", "htaccess"),
        ("foto\u{202e}gpj.exe", "fotogpj.exe"),
    ] {
        assert_eq!(clean_name(given), expected);
    }
    assert!(clean_name(&"x".repeat(500)).len() <= NAME_MAX);
    assert_eq!(
        disposition("attachment", "surat \"é\".pdf"),
        "attachment; filename=\"surat____.pdf\"; filename*=UTF-8''surat%20%22%C3%A9%22.pdf"
    );
}
