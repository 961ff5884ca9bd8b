//! A ZIP archive of small texts, stored as they are (PKWARE APPNOTE 4.3).

use flate2::Crc;

use super::package::File;

/// The first of January 1980, the earliest date there is: the same files make the same archive.
const DATE: u16 = 0b0000_0000_0010_0001;

/// The archive of files.
pub(crate) fn archive(files: &[File]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (path, content) in files {
        let offset = length(out.len());
        let mut crc = Crc::new();
        crc.update(content.as_bytes());
        let size = length(content.len());
        // Version needed, flags (names are UTF-8), method, time, date, checksum, both sizes.
        let mut common = Vec::new();
        for short in [20, 1 << 11, 0, 0, DATE] {
            common.extend_from_slice(&short.to_le_bytes());
        }
        for long in [crc.sum(), size, size] {
            common.extend_from_slice(&long.to_le_bytes());
        }
        common.extend_from_slice(&short(path.len()).to_le_bytes());
        common.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(path.as_bytes());
        out.extend_from_slice(content.as_bytes());
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&20_u16.to_le_bytes());
        directory.extend_from_slice(&common);
        // Comment, disk, attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(path.as_bytes());
    }
    let start = length(out.len());
    let count = short(files.len());
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&length(directory.len()).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn short(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
