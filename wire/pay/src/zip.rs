//! ZIP archives (APPNOTE.TXT 6.3), as far as a bill needs them: stored or deflated files, read whole and bounded.
//!
//! The central directory is believed, and the local headers must agree with it. Never trusts a declared size for more
//! than a limit: what is unpacked is counted. Knows no encryption, no ZIP64, no archive in several parts, and writes
//! nothing to a disk.

use encoding_rs::{GBK, UTF_8};
use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END_OF_DIRECTORY: u32 = 0x0605_4b50;
const END_BYTES: usize = 22;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const FLAG_ENCRYPTED: u16 = 1;
const FLAG_UTF_8: u16 = 1 << 11;
/// What an archive is grown by while it is unpacked.
const STEP_BYTES: usize = 64 * 1024;

/// Why an archive was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// The archive is longer than the limit; nothing was read.
    #[error("an archive of {actual_bytes} bytes, limit {limit_bytes}")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
        /// The length found in bytes.
        actual_bytes: usize,
    },
    /// The bytes do not end as an archive does.
    #[error("not a ZIP archive")]
    NotZip,
    /// More files than the limit; none was unpacked.
    #[error("{found} files, limit {limit}")]
    TooManyFiles {
        /// The limit.
        limit: usize,
        /// How many the archive says it has.
        found: usize,
    },
    /// The files together are larger than the limit. None was unpacked further than that.
    #[error("unpacks to more than {limit_bytes} bytes")]
    UnpackedTooLarge {
        /// The limit in bytes, all files together.
        limit_bytes: usize,
    },
    /// A header is cut off, has another signature than it must, points outside of the archive, or contradicts another.
    #[error("the header at byte {at} is malformed")]
    Header {
        /// Byte offset of the header.
        at: usize,
    },
    /// Encrypted, ZIP64, or in several parts.
    #[error("{what} is not read")]
    Unsupported {
        /// Which of them.
        what: &'static str,
    },
    /// Compressed with another method than deflate.
    #[error("{name} is compressed with method {method}")]
    Method {
        /// The file's name.
        name: String,
        /// The method's number (APPNOTE.TXT, clause 4.4.5).
        method: u16,
    },
    /// The compressed bytes are no deflate stream, or unpack to something else than the archive says.
    #[error("{name} is damaged")]
    Damaged {
        /// The file's name.
        name: String,
    },
}

/// What is taken at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of the archive, in bytes.
    pub(crate) archive_bytes: usize,
    /// Files and folders.
    pub(crate) files: usize,
    /// Of all files together when unpacked, in bytes.
    pub(crate) unpacked_bytes: usize,
}

/// One file of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name: UTF-8 if the archive says so, else GBK. For people; broken characters are replaced.
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

/// Reads all files of an archive, in the order of its directory. Folders are left out.
///
/// # Errors
/// [`ZipError`].
pub(crate) fn read(bytes: &[u8], limits: Limits) -> Result<Vec<File>, ZipError> {
    if bytes.len() > limits.archive_bytes {
        return Err(ZipError::TooLarge { limit_bytes: limits.archive_bytes, actual_bytes: bytes.len() });
    }
    let (directory_at, end_at, count) = directory(bytes)?;
    if count > limits.files {
        return Err(ZipError::TooManyFiles { limit: limits.files, found: count });
    }
    let mut reader = Reader { bytes: bytes.get(..end_at).unwrap_or_default(), at: directory_at };
    let entries = (0..count).map(|_| entry(&mut reader)).collect::<Result<Vec<_>, _>>()?;
    if reader.at != end_at {
        return Err(ZipError::Header { at: reader.at });
    }
    let mut left_bytes = limits.unpacked_bytes;
    let mut files = Vec::new();
    for entry in entries.into_iter().filter(|entry| !entry.name.ends_with('/')) {
        left_bytes = left_bytes
            .checked_sub(entry.unpacked_bytes)
            .ok_or(ZipError::UnpackedTooLarge { limit_bytes: limits.unpacked_bytes })?;
        let data = unpack(bytes.get(..directory_at).unwrap_or_default(), &entry)?;
        files.push(File { name: entry.name, data });
    }
    Ok(files)
}

/// Where the directory begins and ends, and how many entries it has.
fn directory(bytes: &[u8]) -> Result<(usize, usize, usize), ZipError> {
    // The end record is the last thing, but for a comment of a length that it says itself.
    let last = bytes.len().checked_sub(END_BYTES).ok_or(ZipError::NotZip)?;
    let ends_here = |at: &usize| {
        let mut reader = Reader { bytes, at: *at };
        reader.u32() == Some(END_OF_DIRECTORY) && {
            reader.at += END_BYTES - 6;
            reader.u16().is_some_and(|comment| at + END_BYTES + usize::from(comment) == bytes.len())
        }
    };
    let end_at = (last.saturating_sub(usize::from(u16::MAX))..=last).rev().find(ends_here).ok_or(ZipError::NotZip)?;
    let malformed = ZipError::Header { at: end_at };
    let mut reader = Reader { bytes, at: end_at + 4 };
    let fields = (reader.u16(), reader.u16(), reader.u16(), reader.u16(), reader.u32(), reader.u32());
    let (Some(disk), Some(first_disk), Some(here), Some(count), Some(size), Some(offset)) = fields else {
        return Err(malformed);
    };
    if here == u16::MAX || size == u32::MAX || offset == u32::MAX {
        return Err(ZipError::Unsupported { what: "ZIP64" });
    }
    if disk != 0 || first_disk != 0 || here != count {
        return Err(ZipError::Unsupported { what: "an archive in several parts" });
    }
    let (size, offset) = (size as usize, offset as usize);
    if offset.checked_add(size) == Some(end_at) { Ok((offset, end_at, count.into())) } else { Err(malformed) }
}

/// One entry of the directory.
struct Entry {
    name: String,
    raw_name: Vec<u8>,
    method: u16,
    crc: u32,
    packed_bytes: usize,
    unpacked_bytes: usize,
    header_at: usize,
}

fn entry(reader: &mut Reader<'_>) -> Result<Entry, ZipError> {
    let at = reader.at;
    let read = |reader: &mut Reader<'_>| -> Option<(u16, Entry)> {
        (reader.u32()? == CENTRAL_HEADER).then_some(())?;
        reader.take(4)?;
        let (flags, method) = (reader.u16()?, reader.u16()?);
        reader.take(4)?;
        let (crc, packed, unpacked) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (name, extra, comment) = (reader.u16()?, reader.u16()?, reader.u16()?);
        reader.take(8)?;
        let header_at = reader.u32()?;
        let raw_name = reader.take(name.into())?.to_vec();
        reader.take(usize::from(extra) + usize::from(comment))?;
        let encoding = if flags & FLAG_UTF_8 == 0 { GBK } else { UTF_8 };
        let name = encoding.decode_without_bom_handling(&raw_name).0.into_owned();
        let (packed_bytes, unpacked_bytes) = (packed as usize, unpacked as usize);
        Some((
            flags,
            Entry { name, raw_name, method, crc, packed_bytes, unpacked_bytes, header_at: header_at as usize },
        ))
    };
    let (flags, entry) = read(reader).ok_or(ZipError::Header { at })?;
    match entry.method {
        _ if flags & FLAG_ENCRYPTED != 0 => Err(ZipError::Unsupported { what: "an encrypted file" }),
        STORED | DEFLATED => Ok(entry),
        method => Err(ZipError::Method { name: entry.name, method }),
    }
}

/// The bytes of `entry`, which lies in `before_directory`.
fn unpack(before_directory: &[u8], entry: &Entry) -> Result<Vec<u8>, ZipError> {
    let packed = || -> Option<&[u8]> {
        let mut reader = Reader { bytes: before_directory, at: entry.header_at };
        (reader.u32()? == LOCAL_HEADER).then_some(())?;
        reader.take(22)?;
        let (name, extra) = (reader.u16()?, reader.u16()?);
        (reader.take(name.into())? == entry.raw_name).then_some(())?;
        reader.take(extra.into())?;
        reader.take(entry.packed_bytes)
    };
    let packed = packed().ok_or(ZipError::Header { at: entry.header_at })?;
    let data = match entry.method {
        STORED => Some(packed.to_vec()),
        _ => inflate(packed, entry.unpacked_bytes),
    };
    let intact = |data: &Vec<u8>| {
        let mut crc = Crc::new();
        crc.update(data);
        data.len() == entry.unpacked_bytes && crc.sum() == entry.crc
    };
    data.filter(intact).ok_or_else(|| ZipError::Damaged { name: entry.name.clone() })
}

/// What `packed` unpacks to; `None` if it is no deflate stream, goes on after its end, or unpacks to more than `expected`
/// bytes.
fn inflate(packed: &[u8], expected: usize) -> Option<Vec<u8>> {
    let mut stream = Decompress::new(false);
    let mut data = Vec::new();
    loop {
        data.reserve(STEP_BYTES);
        let read = usize::try_from(stream.total_in()).ok()?;
        let before = (read, data.len());
        let status = stream.decompress_vec(packed.get(read..)?, &mut data, FlushDecompress::None).ok()?;
        let read = usize::try_from(stream.total_in()).ok()?;
        if data.len() > expected {
            return None;
        }
        match status {
            Status::StreamEnd => return (read == packed.len()).then_some(data),
            Status::Ok | Status::BufError if before == (read, data.len()) => return None,
            Status::Ok | Status::BufError => {}
        }
    }
}

/// An archive of `files` (name as bytes, content), deflated. The same files make the same bytes: every time stamp is the
/// first that the format knows.
///
/// # Errors
/// [`ZipError::UnpackedTooLarge`] for what only ZIP64 can hold.
pub(crate) fn write(files: &[(&[u8], &[u8])]) -> Result<Vec<u8>, ZipError> {
    let too_large = || ZipError::UnpackedTooLarge { limit_bytes: u32::MAX as usize };
    let long = |number: usize| u32::try_from(number).map_err(|_| too_large());
    let short = |number: usize| u16::try_from(number).map_err(|_| too_large());
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in files {
        let mut crc = Crc::new();
        crc.update(data);
        let packed = deflate(data).ok_or_else(too_large)?;
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        common.extend(DEFLATED.to_le_bytes());
        // 1980-01-01 00:00:00.
        common.extend(0x0021_0000_u32.to_le_bytes());
        common.extend(crc.sum().to_le_bytes());
        common.extend(long(packed.len())?.to_le_bytes());
        common.extend(long(data.len())?.to_le_bytes());
        common.extend(short(name.len())?.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        directory.extend(CENTRAL_HEADER.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(long(archive.len())?.to_le_bytes());
        directory.extend(*name);
        archive.extend(LOCAL_HEADER.to_le_bytes());
        archive.extend(&common);
        archive.extend(*name);
        archive.extend(&packed);
    }
    let (count, size, offset) = (short(files.len())?, long(directory.len())?, long(archive.len())?);
    archive.extend(&directory);
    archive.extend(END_OF_DIRECTORY.to_le_bytes());
    archive.extend([0; 4]);
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(size.to_le_bytes());
    archive.extend(offset.to_le_bytes());
    archive.extend([0; 2]);
    Ok(archive)
}

fn deflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Compress::new(Compression::default(), false);
    let mut packed = Vec::new();
    loop {
        packed.reserve(STEP_BYTES);
        let read = usize::try_from(stream.total_in()).ok()?;
        let status = stream.compress_vec(data.get(read..)?, &mut packed, FlushCompress::Finish).ok()?;
        if status == Status::StreamEnd {
            return Some(packed);
        }
    }
}

/// Little-endian numbers and bytes, in order.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { archive_bytes: 1 << 20, files: 4, unpacked_bytes: 1 << 20 };

    fn archive() -> Vec<u8> {
        let name = GBK.encode("业务明细(汇总).csv").0;
        write(&[(&name, "流量,".repeat(1_000).as_bytes()), (b"empty.csv", b"")]).unwrap()
    }

    /// The archive with `bytes` put over what follows the `nth` occurrence of `signature`, `offset` bytes further.
    fn with(signature: u32, nth: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut archive = archive();
        let mut found =
            (0..archive.len() - 4).filter(|at| archive.get(*at..at + 4) == Some(&signature.to_le_bytes()[..]));
        let at = found.nth(nth).unwrap() + offset;
        drop(found);
        archive.get_mut(at..at + bytes.len()).unwrap().copy_from_slice(bytes);
        archive
    }

    #[test]
    fn files_come_back_with_their_names() {
        let files = read(&archive(), LIMITS).unwrap();
        let seen: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.data.len())).collect();
        assert_eq!(seen, [("业务明细(汇总).csv", 7_000), ("empty.csv", 0)]);
        assert_eq!(archive(), archive());
        assert!(archive().len() < 400, "not compressed");
    }

    #[test]
    fn a_comment_at_the_end_and_folders_are_passed_over() {
        let mut commented = write(&[(b"folder/", b""), (b"a", b"1")]).unwrap();
        let length = commented.len() - 2;
        commented.get_mut(length..).unwrap().copy_from_slice(&3_u16.to_le_bytes());
        commented.extend(b"PK\x05");
        assert_eq!(read(&commented, LIMITS), Ok(vec![File { name: "a".into(), data: b"1".to_vec() }]));
    }

    #[test]
    fn stored_files_are_read() {
        // The archive of one stored file is that of a deflated one with another method and the data as it is.
        let deflated = write(&[(b"a", b"")]).unwrap();
        let empty_block = deflate(b"").unwrap();
        let mut stored: Vec<u8> = deflated.clone();
        let at = 30 + 1;
        stored.drain(at..at + empty_block.len());
        for header in [8, at + 10] {
            stored.get_mut(header..header + 2).unwrap().copy_from_slice(&STORED.to_le_bytes());
        }
        stored.get_mut(at + 20..at + 24).unwrap().fill(0);
        let end = stored.len() - 6;
        stored.get_mut(end..end + 4).unwrap().copy_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
        assert_eq!(read(&stored, LIMITS), Ok(vec![File { name: "a".into(), data: Vec::new() }]));
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_unpacked() {
        let archive = archive();
        let limited = |limits| read(&archive, limits);
        assert_eq!(
            limited(Limits { archive_bytes: 10, ..LIMITS }),
            Err(ZipError::TooLarge { limit_bytes: 10, actual_bytes: archive.len() })
        );
        assert_eq!(limited(Limits { files: 1, ..LIMITS }), Err(ZipError::TooManyFiles { limit: 1, found: 2 }));
        assert_eq!(
            limited(Limits { unpacked_bytes: 6_999, ..LIMITS }),
            Err(ZipError::UnpackedTooLarge { limit_bytes: 6_999 })
        );
        assert!(limited(Limits { unpacked_bytes: 7_000, ..LIMITS }).is_ok());
        // A bomb that lies about its size is not unpacked further than it said.
        let lied = with(CENTRAL_HEADER, 0, 24, &10_u32.to_le_bytes());
        assert_eq!(read(&lied, LIMITS), Err(ZipError::Damaged { name: "业务明细(汇总).csv".into() }));
    }

    #[test]
    fn what_is_no_intact_archive_is_refused() {
        let name = "业务明细(汇总).csv".to_owned();
        let damaged = ZipError::Damaged { name: name.clone() };
        let header_at = archive().len() - END_BYTES;
        for (bytes, expected) in [
            (Vec::new(), ZipError::NotZip),
            (b"PK".to_vec(), ZipError::NotZip),
            ([archive(), b"x".to_vec()].concat(), ZipError::NotZip),
            (with(LOCAL_HEADER, 0, 0, b"PK\x03\x05"), ZipError::Header { at: 0 }),
            (with(LOCAL_HEADER, 0, 30, b"?"), ZipError::Header { at: 0 }),
            (with(LOCAL_HEADER, 0, 28, &u16::MAX.to_le_bytes()), ZipError::Header { at: 0 }),
            (with(CENTRAL_HEADER, 0, 16, &[0; 4]), damaged.clone()),
            (with(CENTRAL_HEADER, 0, 24, &7_001_u32.to_le_bytes()), damaged.clone()),
            (with(CENTRAL_HEADER, 0, 20, &5_u32.to_le_bytes()), damaged.clone()),
            (with(LOCAL_HEADER, 0, 30 + 18, &[0xff; 8]), damaged),
            (with(CENTRAL_HEADER, 0, 8, &1_u16.to_le_bytes()), ZipError::Unsupported { what: "an encrypted file" }),
            (with(CENTRAL_HEADER, 0, 10, &12_u16.to_le_bytes()), ZipError::Method { name, method: 12 }),
            (with(END_OF_DIRECTORY, 0, 8, &[0xff; 4]), ZipError::Unsupported { what: "ZIP64" }),
            (
                with(END_OF_DIRECTORY, 0, 4, &1_u16.to_le_bytes()),
                ZipError::Unsupported { what: "an archive in several parts" },
            ),
            (with(END_OF_DIRECTORY, 0, 16, &0_u32.to_le_bytes()), ZipError::Header { at: header_at }),
        ] {
            assert_eq!(read(&bytes, LIMITS), Err(expected));
        }
        let directory_at = header_at - (46 + 18) - (46 + 9);
        let fewer = with(END_OF_DIRECTORY, 0, 8, &[1, 0, 1, 0]);
        assert_eq!(read(&fewer, LIMITS), Err(ZipError::Header { at: directory_at + 46 + 18 }));
        let more = with(END_OF_DIRECTORY, 0, 8, &[3, 0, 3, 0]);
        assert_eq!(read(&more, LIMITS), Err(ZipError::Header { at: header_at }));
    }
}
