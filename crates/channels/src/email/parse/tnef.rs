//! `winmail.dat`: the files inside Outlook's TNEF container ([MS-OXTNEF]).
//!
//! A stream of attributes, each with level, tag, length, data and checksum. Files begin with an
//! attAttachRendData attribute; their name and content come as plain attributes or inside a list
//! of MAPI properties. Only files are taken out; the letter itself is in the mail beside it.

/// A file taken out of the container.
#[derive(Debug, Default, PartialEq)]
pub(super) struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Files taken out at most.
const FILES_MAX: usize = 500;

const ATT_ATTACH_DATA: u16 = 0x800f;
const ATT_ATTACH_TITLE: u16 = 0x8010;
const ATT_ATTACH_REND_DATA: u16 = 0x9002;
const ATT_ATTACHMENT: u16 = 0x9005;

const PR_ATTACH_DATA: u16 = 0x3701;
const PR_ATTACH_FILENAME: u16 = 0x3704;
const PR_ATTACH_LONG_FILENAME: u16 = 0x3707;

const PT_OBJECT: u16 = 0x000d;
const PT_STRING8: u16 = 0x001e;
const PT_UNICODE: u16 = 0x001f;
const PT_BINARY: u16 = 0x0102;
const MULTIPLE: u16 = 0x1000;

/// Whether the bytes begin like such a container.
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// The files inside; none where the bytes are no such container. A broken container gives the
/// files that come before the break.
pub(super) fn unpack(bytes: &[u8]) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    if !is_tnef(bytes) {
        return files;
    }
    let mut input = Input(&bytes[4..]);
    let _ = input.u16();
    while let Some((tag, data)) = attribute(&mut input) {
        if tag == ATT_ATTACH_REND_DATA {
            if files.len() == FILES_MAX {
                break;
            }
            files.push(File::default());
            continue;
        }
        let Some(file) = files.last_mut() else { continue };
        match tag {
            ATT_ATTACH_DATA => file.bytes = data.to_vec(),
            ATT_ATTACH_TITLE if file.name.is_empty() => file.name = narrow(data),
            ATT_ATTACHMENT => {
                let _ = properties(&mut Input(data), file);
            }
            _ => {}
        }
    }
    files
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A length and that many bytes, filled up to a multiple of four.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()? as usize;
        let data = self.take(len)?;
        let _ = self.take(len.wrapping_neg() & 3);
        Some(data)
    }
}

/// The next attribute: the low half of its tag, and its data. A last one cut short by a broken
/// transfer is dropped.
fn attribute<'a>(input: &mut Input<'a>) -> Option<(u16, &'a [u8])> {
    let _level = input.take(1)?;
    let tag = input.u32()?;
    let len = input.u32()? as usize;
    let data = input.take(len)?;
    let _checksum = input.u16();
    Some((tag as u16, data))
}

/// Reads a list of MAPI properties into the file. `None` where the list breaks off.
fn properties(input: &mut Input<'_>, file: &mut File) -> Option<()> {
    for _ in 0..input.u32()? {
        let kind = input.u16()?;
        let id = input.u16()?;
        if id >= 0x8000 {
            let _set = input.take(16)?;
            if input.u32()? == 0 {
                input.u32()?
            } else {
                input.counted().map(|_| 0)?
            };
        }
        let base = kind & !MULTIPLE;
        let variable = matches!(base, PT_OBJECT | PT_STRING8 | PT_UNICODE | PT_BINARY);
        let count = if variable || kind & MULTIPLE != 0 { input.u32()? } else { 1 };
        for _ in 0..count {
            let value = if variable { input.counted()? } else { input.take(fixed_len(base))? };
            property(id, base, value, file);
        }
    }
    Some(())
}

fn fixed_len(kind: u16) -> usize {
    match kind {
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => 8,
        0x0048 => 16,
        // Sixteen-bit and Boolean values are filled up to four bytes.
        _ => 4,
    }
}

fn property(id: u16, kind: u16, value: &[u8], file: &mut File) {
    match (id, kind) {
        (PR_ATTACH_DATA, PT_BINARY) => file.bytes = value.to_vec(),
        // An object's data begins with the 16 bytes of its interface's identifier. It describes
        // the file (an OLE link), so it counts only where the content itself is absent.
        (PR_ATTACH_DATA, PT_OBJECT) if file.bytes.is_empty() => {
            file.bytes = value.get(16..).unwrap_or_default().to_vec();
        }
        (PR_ATTACH_LONG_FILENAME, _) => file.name = string(kind, value),
        (PR_ATTACH_FILENAME, _) if file.name.is_empty() => file.name = string(kind, value),
        _ => {}
    }
}

fn string(kind: u16, value: &[u8]) -> String {
    if kind != PT_UNICODE {
        return narrow(value);
    }
    let units = value.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    String::from_utf16_lossy(&units)
}

fn narrow(value: &[u8]) -> String {
    let end = value.iter().position(|&b| b == 0).unwrap_or(value.len());
    super::charset::decode_8bit(None, &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attr(tag: u16, data: &[u8]) -> Vec<u8> {
        let mut out = vec![2];
        out.extend(u32::from(tag).to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    }

    #[test]
    fn files_come_out_and_a_cut_container_gives_what_it_has() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(attr(ATT_ATTACH_REND_DATA, &[0; 14]));
        bytes.extend(attr(ATT_ATTACH_TITLE, b"SURAT.TXT\0"));
        bytes.extend(attr(ATT_ATTACH_DATA, b"isi"));
        let want = vec![File { name: "SURAT.TXT".into(), bytes: b"isi".to_vec() }];
        assert_eq!(unpack(&bytes), want);
        bytes.extend(attr(ATT_ATTACHMENT, &[9, 0, 0, 0, 2, 1]));
        bytes.extend([2, 5, 5]);
        assert_eq!(unpack(&bytes), want);
        for len in 0..bytes.len() {
            unpack(&bytes[..len]);
        }
    }
}
