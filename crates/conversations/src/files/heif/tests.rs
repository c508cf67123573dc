//! A photo as a telephone writes it, with its secrets, and what becomes of torn ones.

use super::*;

const PICTURE: &[u8] = b"packed picture of a street";
const SECRETS: [&[u8]; 6] = [
    b"GPS RUMAH PELAPOR",
    b"<x:xmpmeta>Dewi",
    b"between",
    b"at home",
    b"in the idat",
    b"uuid note",
];

fn boxed(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let mut out = u32::try_from(body.len() + 8).unwrap().to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(body);
    out
}

fn item(number: u8, kind: &[u8; 4]) -> Vec<u8> {
    boxed(b"infe", &[&[2, 0, 0, 0, 0, number, 0, 0], kind, b"\0"])
}

fn place(number: u8, method: u8, offset: usize, length: usize) -> Vec<u8> {
    let mut out = vec![0, number, 0, method, 0, 0, 0, 1];
    out.extend(u32::try_from(offset).unwrap().to_be_bytes());
    out.extend(u32::try_from(length).unwrap().to_be_bytes());
    out
}

/// A grid in `idat` over a picture in `mdat`, with EXIF, XMP, a description and loose bytes.
fn photo() -> Bytes {
    let made = |media: usize| {
        let [gps, xmp, loose, ..] = SECRETS;
        let media_end = media + PICTURE.len() + loose.len();
        let grid = boxed(b"idat", &[b"GRID", SECRETS[4]]);
        let meta = boxed(
            b"meta",
            &[
                &[0; 4],
                &boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
                &boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
                &boxed(
                    b"iinf",
                    &[
                        &[0, 0, 0, 0, 0, 4],
                        &item(1, b"grid"),
                        &item(2, b"hvc1"),
                        &item(3, b"Exif"),
                        &item(4, b"mime"),
                    ],
                ),
                &boxed(
                    b"iloc",
                    &[
                        &[1, 0, 0, 0, 0x44, 0, 0, 4],
                        &place(1, 1, 0, 4),
                        &place(2, 0, media, PICTURE.len()),
                        &place(3, 0, media_end, gps.len()),
                        &place(4, 0, media_end + gps.len(), xmp.len()),
                    ],
                ),
                &boxed(
                    b"iprp",
                    &[
                        &boxed(
                            b"ipco",
                            &[&boxed(b"ispe", &[b"size of it"]), &boxed(b"udes", &[SECRETS[3]])],
                        ),
                        &boxed(b"ipma", &[b"whose it is"]),
                    ],
                ),
                &grid,
            ],
        );
        let head =
            [boxed(b"ftyp", &[b"heic", &[0; 4], b"mif1heic"]), meta, boxed(b"uuid", &[SECRETS[5]])]
                .concat();
        let media_at = head.len() + 8;
        let all = [head, boxed(b"mdat", &[PICTURE, loose, gps, xmp])].concat();
        (all, media_at)
    };
    let (_, at) = made(0);
    made(at).0.into()
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn the_picture_stays_and_everything_else_goes() {
    let sent = photo();
    let kept = blank(&sent).unwrap();
    assert_eq!(kept.len(), sent.len());
    for needed in [PICTURE, b"GRID", b"size of it", b"whose it is", b"heic"] {
        assert!(has(&kept, needed), "{}", String::from_utf8_lossy(needed));
    }
    for secret in SECRETS {
        assert!(has(&sent, secret) && !has(&kept, secret), "{}", String::from_utf8_lossy(secret));
    }
    assert_eq!(blank(&kept), Some(kept.clone()), "once is enough");
}

#[test]
fn what_moves_or_points_nowhere_is_given_up() {
    let sent = photo();
    let moving = [&sent[..], &boxed(b"moov", &[b"where it was taken"])].concat();
    assert_eq!(blank(&moving.into()), None);
    assert_eq!(blank(&Bytes::from_static(b"\0\0\0\x14ftypheic\0\0\0\0mif1")), None);
    let cut = sent.slice(..sent.len() - SECRETS[1].len() - SECRETS[0].len() - PICTURE.len());
    assert_eq!(blank(&cut), None);
}

/// Whatever is torn or bent: no panic, the same length, and only bytes that were there.
fn harms_nobody(bytes: Vec<u8>) {
    let sent = Bytes::from(bytes);
    if let Some(kept) = blank(&sent) {
        assert_eq!(kept.len(), sent.len());
        assert!(kept.iter().zip(&sent).all(|(new, old)| new == old || *new == 0));
    }
}

#[test]
fn every_cut_and_every_bent_byte_is_survived() {
    let whole = photo().to_vec();
    for at in 0..whole.len() {
        harms_nobody(whole[..at].to_vec());
        for bit in [0x00, 0x01, 0x0f, 0x7f, 0x80, 0xff] {
            let mut bent = whole.clone();
            bent[at] = bit;
            // Numbers are two bytes and more: the neighbour bends too.
            harms_nobody(bent.clone());
            if let Some(next) = bent.get_mut(at + 1) {
                *next = bit;
                harms_nobody(bent);
            }
        }
    }
}

#[test]
fn extents_that_repeat_the_file_are_given_up() {
    let mut places = vec![1, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x40, 0];
    for _ in 0..0x4000 {
        places.extend([0, 0, 0, 0, 0, 0, 0x40, 0]);
    }
    let iinf = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1], &item(1, b"hvc1")]);
    let meta = boxed(b"meta", &[&[0; 4], &iinf, &boxed(b"iloc", &[&places])]);
    let bomb = [boxed(b"ftyp", &[b"heic"]), meta].concat();
    assert_eq!(blank(&bomb.into()), None);
}
