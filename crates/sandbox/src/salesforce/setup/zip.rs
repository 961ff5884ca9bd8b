//! Archives as metadata packages come in them (PKWARE APPNOTE: stored and deflated entries, no
//! encryption, no second volume).

use std::io::Read as _;

use flate2::read::DeflateDecoder;

/// Most bytes that an archive may hold unpacked.
const LARGEST: u64 = 50_000_000;
/// Signatures of the end record, of a line of the directory, and of an entry.
const END: &[u8] = b"PK\x05\x06";
const LINE: &[u8] = b"PK\x01\x02";
const ENTRY: &[u8] = b"PK\x03\x04";

/// The files of an archive: paths and contents, without folders.
///
/// # Errors
/// What is wrong with the archive.
pub(super) fn files(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let end = archive.windows(END.len()).rposition(|window| window == END).ok_or("this is no archive")?;
    let count = number(archive, end + 10, 2)?;
    // The end record ends with the length of a comment.
    number(archive, end + 20, 2)?;
    let mut at = number(archive, end + 16, 4)?;
    let mut found = Vec::new();
    let mut room = LARGEST;
    for _ in 0..count {
        if archive.get(at..at + 4) != Some(LINE) {
            return Err("the directory of the archive is damaged".to_owned());
        }
        let lengths = [28, 30, 32].map(|offset| number(archive, at + offset, 2));
        let [name, extra, comment] = lengths;
        let (name, extra, comment) = (name?, extra?, comment?);
        let path = archive.get(at + 46..at + 46 + name).ok_or_else(cut)?;
        let path = String::from_utf8_lossy(path).into_owned();
        if !path.ends_with('/') {
            let method = number(archive, at + 10, 2)?;
            let packed = number(archive, at + 20, 4)?;
            let content = content(archive, number(archive, at + 42, 4)?, (method, packed), room)?;
            room = room.saturating_sub(content.len() as u64);
            found.push((path, content));
        }
        at += 46 + name + extra + comment;
    }
    Ok(found)
}

fn content(
    archive: &[u8],
    at: usize,
    (method, packed): (usize, usize),
    room: u64,
) -> Result<Vec<u8>, String> {
    if archive.get(at..at + 4) != Some(ENTRY) {
        return Err("an entry of the archive is damaged".to_owned());
    }
    let begin = at + 30 + number(archive, at + 26, 2)? + number(archive, at + 28, 2)?;
    let bytes = archive.get(begin..begin + packed).ok_or_else(cut)?;
    let mut unpacked = Vec::new();
    let read = match method {
        0 => bytes.take(room + 1).read_to_end(&mut unpacked),
        8 => DeflateDecoder::new(bytes).take(room + 1).read_to_end(&mut unpacked),
        other => return Err(format!("compression method {other} is not known")),
    };
    read.map_err(|error| error.to_string())?;
    if unpacked.len() as u64 > room {
        return Err(format!("the archive holds more than {LARGEST} bytes"));
    }
    Ok(unpacked)
}

/// A number of two or four bytes, little end first.
fn number(archive: &[u8], at: usize, bytes: usize) -> Result<usize, String> {
    let bytes = archive.get(at..at + bytes).ok_or_else(cut)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn cut() -> String {
    "the archive is cut off".to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    /// An archive of these files: every second one is deflated.
    pub(crate) fn pack(files: &[(&str, &str)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (number, (path, text)) in files.iter().enumerate() {
            let method = if number % 2 == 0 { 8_u16 } else { 0 };
            let packed = if method == 8 {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text.as_bytes()).expect("memory");
                encoder.finish().expect("memory")
            } else {
                text.as_bytes().to_vec()
            };
            let at = u32::try_from(out.len()).expect("small");
            let mut head = Vec::new();
            head.extend([20, 0, 0, 0]);
            head.extend(method.to_le_bytes());
            head.extend([0; 8]);
            head.extend(u32::try_from(packed.len()).expect("small").to_le_bytes());
            head.extend(u32::try_from(text.len()).expect("small").to_le_bytes());
            head.extend(u16::try_from(path.len()).expect("small").to_le_bytes());
            head.extend([0, 0]);
            out.extend(ENTRY);
            out.extend(&head);
            out.extend(path.as_bytes());
            out.extend(&packed);
            directory.extend(LINE);
            directory.extend([20, 0]);
            directory.extend(&head);
            directory.extend([0; 10]);
            directory.extend(at.to_le_bytes());
            directory.extend(path.as_bytes());
        }
        let (size, begin) = (directory.len(), out.len());
        out.extend(&directory);
        out.extend(END);
        out.extend([0; 4]);
        let count = u16::try_from(files.len()).expect("few").to_le_bytes();
        out.extend(count.iter().chain(&count));
        out.extend(u32::try_from(size).expect("small").to_le_bytes());
        out.extend(u32::try_from(begin).expect("small").to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn both_kinds_of_entries_are_read() {
        let archive =
            pack(&[("package.xml", "<Package/>"), ("objects/", ""), ("objects/a.object", "text text text")]);
        let wanted = vec![
            ("package.xml".to_owned(), b"<Package/>".to_vec()),
            ("objects/a.object".to_owned(), b"text text text".to_vec()),
        ];
        assert_eq!(files(&archive), Ok(wanted));
        assert!(files(b"no archive").is_err());
        for length in 0..archive.len() {
            assert!(files(&archive[..length]).is_err(), "cut at {length}");
        }
    }
}
