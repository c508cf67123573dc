//! Files as they come in: told apart by their content, freed of what a camera wrote into them,
//! looked at by a scanner where there is one, kept, and never given out as something active.
//!
//! [`prepare`] is pure and heavy: run it on a thread for blocking work ([`take`] does). A type is
//! what the bytes are, never what the sender says. What is not on the list of harmless types
//! (programs, HTML, SVG, scripts) is kept as `application/octet-stream`: evidence is not thrown
//! away, but a browser only ever saves it.

mod clean;
mod heif;
mod scan;
mod sniff;

use std::io::Cursor;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use tanggap_kernel::{Fault, Invalid, Refusal, Result};
use tanggap_store::blobs::Blobs;
use tokio::sync::Semaphore;

pub use scan::Scanner;
pub use sniff::{OCTETS, sniff};

use crate::model::{Attachment, NewAttachment, Scan};

/// The longest side of a thumbnail, in pixels.
pub const THUMBNAIL_PIXELS: u32 = 320;
/// The longest name of a file, in characters.
pub const NAME_MAX: usize = 120;
/// The most memory that unpacking a picture may take, in bytes: a bomb stops here.
const PICTURE_BYTES_MAX: u64 = 256 << 20;
/// Pictures that are unpacked at a time, whoever sends them: a few kilobytes may unpack to the
/// most that is allowed, and many come at once.
static UNPACKING: Semaphore = Semaphore::const_new(2);
/// The longest side of a picture that is unpacked, in pixels.
const PICTURE_PIXELS_MAX: u32 = 20_000;
/// Quality of pictures that had to be turned, and of thumbnails.
const JPEG_QUALITY: u8 = 88;
const THUMBNAIL_QUALITY: u8 = 78;

/// The message for a photo that we cannot free of the place and the owner that it may tell; its
/// `name` is an argument.
pub const PHOTO_UNREAD: &str = "ui-invalid-file-photo";

/// A file that is ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its name without a path, control characters or excess.
    pub name: String,
    /// What its bytes are.
    pub media_type: &'static str,
    /// Its bytes, without what a camera wrote about place and owner.
    pub bytes: Bytes,
    /// A small JPEG of it, where it is a picture.
    pub thumbnail: Option<Bytes>,
}

/// Makes a file ready. Photos lose their EXIF, XMP and comments (place, owner, device); a photo
/// that was stored lying on its side is stood up first.
///
/// # Errors
/// For the field `files`: `ui-invalid-file-size` where it is larger than `bytes_max` or empty,
/// [`PHOTO_UNREAD`] for a HEIC whose metadata cannot be found and taken out.
pub fn prepare(bytes: Bytes, name: &str, bytes_max: usize) -> Result<Prepared, Refusal> {
    if bytes.is_empty() || bytes.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    let media_type = sniff(&bytes);
    let name = clean_name(name);
    let format = match media_type {
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        "image/heic" | "image/avif" => {
            let bytes = heif::blank(&bytes).ok_or_else(|| unread(&name))?;
            return Ok(Prepared { name, media_type, bytes, thumbnail: None });
        }
        _ => return Ok(Prepared { name, media_type, bytes, thumbnail: None }),
    };
    Ok(match picture(&bytes, format) {
        Some((bytes, thumbnail)) => Prepared { name, media_type, bytes, thumbnail },
        // Says it is a picture and cannot be read as one: kept, to be saved and not shown.
        None => {
            let bytes = clean::strip(&bytes, format).unwrap_or(bytes);
            Prepared { name, media_type: OCTETS, bytes, thumbnail: None }
        }
    })
}

/// What is told about a file that is too large.
#[must_use]
pub fn too_large(bytes_max: usize) -> Refusal {
    let size = format!("{} MB", bytes_max >> 20);
    let invalid = Invalid::new("files", "ui-invalid-file-size").arg("max", size);
    Refusal::Invalid(vec![invalid])
}

fn unread(name: &str) -> Refusal {
    Refusal::Invalid(vec![Invalid::new("files", PHOTO_UNREAD).arg("name", name)])
}

/// What is told about a file that the scanner found infected: a form does not take it.
#[must_use]
pub fn infected(name: &str) -> Invalid {
    Invalid::new("files", "ui-invalid-file-infected").arg("name", name)
}

fn picture(bytes: &Bytes, format: ImageFormat) -> Option<(Bytes, Option<Bytes>)> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes.as_ref()), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_PIXELS_MAX);
    limits.max_image_height = Some(PICTURE_PIXELS_MAX);
    limits.max_alloc = Some(PICTURE_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) * 4 > PICTURE_BYTES_MAX {
        return None;
    }
    let turn = decoder.orientation().ok().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut shown = DynamicImage::from_decoder(decoder).ok()?;
    let clean = if turn == image::metadata::Orientation::NoTransforms {
        clean::strip(bytes, format)?
    } else {
        shown.apply_orientation(turn);
        encode(&shown, format)?
    };
    let small = shown.thumbnail(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS).to_rgb8();
    let mut thumbnail = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut thumbnail, THUMBNAIL_QUALITY);
    small.write_with_encoder(encoder).ok()?;
    Some((clean, Some(thumbnail.into())))
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Option<Bytes> {
    let mut out = Cursor::new(Vec::new());
    if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder).ok()?;
    } else {
        picture.write_to(&mut out, format).ok()?;
    }
    Some(out.into_inner().into())
}

/// The last part of a path without control characters, cut to [`NAME_MAX`]; `berkas` where
/// nothing is left.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let sound =
        |c: &char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '"' | '<' | '>');
    let clean: String = last.chars().filter(sound).collect();
    let clean = clean.trim().trim_start_matches('.');
    let length = clean.chars().count();
    // The end of a long name goes on telling what it is.
    let kept: String = clean.chars().skip(length.saturating_sub(NAME_MAX)).collect();
    if kept.is_empty() { "berkas".to_owned() } else { kept }
}

/// Prepares a file on a thread of its own, scans and keeps it.
///
/// # Errors
/// As [`prepare`] and [`keep`].
pub async fn take(
    blobs: &Blobs,
    bytes: Bytes,
    name: String,
    bytes_max: usize,
    scanner: Option<&Scanner>,
) -> Result<NewAttachment> {
    let closed = |_| Fault::new("pictures are unpacked no more");
    let place = match is_picture(sniff(&bytes)) {
        true => Some(UNPACKING.acquire().await.map_err(closed)?),
        false => None,
    };
    let unpack = move || {
        // Held to the end, also where nobody waits for it any more.
        let _place = place;
        prepare(bytes, &name, bytes_max)
    };
    let prepared = tokio::task::spawn_blocking(unpack)
        .await
        .map_err(|e| Fault::new(format!("preparing a file: {e}")))??;
    keep(blobs, prepared, scanner).await
}

/// Keeps a prepared file and its thumbnail. A scanner that does not answer leaves the file
/// unscanned, which the file says of itself: no report is lost over it.
///
/// # Errors
/// A fault of the disk or the peer.
pub async fn keep(
    blobs: &Blobs,
    prepared: Prepared,
    scanner: Option<&Scanner>,
) -> Result<NewAttachment> {
    let scan = match scanner {
        Some(scanner) => scanner.scan(&prepared.bytes).await,
        None => Scan::Unscanned,
    };
    let size = i64::try_from(prepared.bytes.len()).unwrap_or(i64::MAX);
    let blob = blobs.put(prepared.bytes).await?;
    let thumbnail = match prepared.thumbnail {
        Some(small) => Some(blobs.put(small).await?),
        None => None,
    };
    let media_type = prepared.media_type.to_owned();
    Ok(NewAttachment { name: prepared.name, media_type, size, blob, thumbnail, scan })
}

/// Whether a browser may show a file of this type inside a page.
#[must_use]
pub fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/jpeg" | "image/png" | "image/webp")
}

/// Answers with a file: pictures are shown, everything else is saved; nothing is ever run. The
/// caller has checked that the reader may have it, and that it is not infected ([`fetch`]).
#[must_use]
pub fn serve(attachment: &Attachment, bytes: Bytes) -> Response {
    let shown = is_picture(&attachment.media_type);
    let kind = if shown || sniff::is_harmless(&attachment.media_type) {
        attachment.media_type.as_str()
    } else {
        OCTETS
    };
    answer(bytes, kind, &disposition(if shown { "inline" } else { "attachment" }, &attachment.name))
}

/// Answers with the thumbnail of a file.
#[must_use]
pub fn serve_thumbnail(bytes: Bytes) -> Response {
    answer(bytes, "image/jpeg", "inline")
}

/// The bytes of a file, or of its thumbnail, ready to be served.
///
/// # Errors
/// [`Refusal::NotFound`] where it is infected or has no thumbnail; a fault.
pub async fn fetch(blobs: &Blobs, attachment: &Attachment, small: bool) -> Result<Response> {
    if attachment.scan == Scan::Infected {
        return Err(Refusal::NotFound.into());
    }
    if small {
        let name = attachment.thumbnail.as_deref().ok_or(Refusal::NotFound)?;
        return Ok(serve_thumbnail(blobs.get(name).await?));
    }
    Ok(serve(attachment, blobs.get(&attachment.blob).await?))
}

fn answer(bytes: Bytes, kind: &str, disposition: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// RFC 6266: a plain name for old browsers, the true one for all others.
fn disposition(how: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests;
