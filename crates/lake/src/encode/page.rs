//! Pages: compressed one by one with a context that each worker keeps, and stored in recycled pieces of
//! memory.

use std::io::{self, Read, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{OffsetIndexBuilder, PageEncodingStats};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{CParameter, InBuffer, OutBuffer, compress_bound, get_error_name};

/// How hard compression searches for repeats.
#[derive(Clone, Copy, Debug)]
pub(super) enum CompressionEffort {
    /// Fast: level 1. Higher levels cost more time than everything else together and save a few percent.
    Fast,
    /// Only long repeats, for long texts: faster, and finds more of them.
    Long,
    /// Level 3, for the few columns where it is worthwhile.
    Thorough,
}

impl CompressionEffort {
    const ALL: [Self; 3] = [Self::Fast, Self::Long, Self::Thorough];

    fn compressor(self) -> io::Result<zstd::bulk::Compressor<'static>> {
        let level = if matches!(self, Self::Thorough) { 3 } else { LEVEL };
        let mut compressor = zstd::bulk::Compressor::new(level)?;
        if matches!(self, Self::Long) {
            compressor.set_parameter(CParameter::MinMatch(7))?;
            compressor.set_parameter(CParameter::HashLog(14))?; // 64 KiB, which fits in the core's cache
        }
        Ok(compressor)
    }
}

/// The compression level of most pages.
const LEVEL: i32 = 1;

/// Bytes per piece.
const PIECE_BYTES: usize = 64 << 10;

/// The compression codec stated in the files.
pub(super) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default())
}

/// A pool of memory for finished pages. Fresh memory costs more than compression, because the kernel clears
/// each page.
#[derive(Debug, Default)]
pub(super) struct BufferPool {
    free: Mutex<Vec<Vec<u8>>>,
}

impl BufferPool {
    fn take(&self) -> Vec<u8> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| Vec::with_capacity(PIECE_BYTES))
    }

    /// Frees unused pieces.
    pub(super) fn free(&self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn recycle(&self, pieces: &mut Vec<Vec<u8>>) {
        pieces.iter_mut().for_each(Vec::clear);
        self.free.lock().unwrap_or_else(PoisonError::into_inner).append(pieces);
    }
}

/// Bytes stored in pieces.
#[derive(Debug)]
pub(super) struct PooledBytes {
    pieces: Vec<Vec<u8>>,
    pool: Arc<BufferPool>,
    length: usize,
}

impl PooledBytes {
    fn new(pool: &Arc<BufferPool>) -> Self {
        Self { pieces: Vec::new(), pool: Arc::clone(pool), length: 0 }
    }

    fn write(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            let room = self.pieces.last().map_or(0, |piece| PIECE_BYTES - piece.len());
            if room == 0 {
                self.pieces.push(self.pool.take());
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Some(piece) = self.pieces.last_mut() {
                piece.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.pieces.len() * PIECE_BYTES
    }
}

impl Drop for PooledBytes {
    fn drop(&mut self) {
        self.pool.recycle(&mut self.pieces);
    }
}

/// The state that a worker needs to write pages.
pub(super) struct PageCompressor {
    /// One for each [`CompressionEffort`].
    zstd: Vec<zstd::bulk::Compressor<'static>>,
    /// For [`compress_in_two_blocks`], which uses separate memory.
    blocks: zstd::bulk::Compressor<'static>,
    compressed: Vec<u8>,
    written: TrackedWrite<Vec<u8>>,
}

impl PageCompressor {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            zstd: CompressionEffort::ALL
                .into_iter()
                .map(CompressionEffort::compressor)
                .collect::<io::Result<_>>()?,
            blocks: CompressionEffort::Fast.compressor()?,
            compressed: Vec::new(),
            written: TrackedWrite::new(Vec::new()),
        })
    }

    /// Compresses a page and writes it, after its header, to `spool`. `page` makes it from the compressed
    /// bytes. Returns the written size and the size without compression. If the first `apart` bytes are of
    /// another kind, the search setting is not used.
    fn write_page(
        &mut self,
        body: &[u8],
        apart: usize,
        search: CompressionEffort,
        spool: &mut PooledBytes,
        page: impl FnOnce(Bytes) -> Page,
    ) -> Result<(usize, usize)> {
        let mut compressed = mem::take(&mut self.compressed);
        compressed.clear();
        if apart > 0 {
            compress_in_two_blocks(&mut self.blocks, body.split_at(apart), &mut compressed)
                .map_err(external)?;
        } else {
            compressed.reserve(compress_bound(body.len()));
            self.zstd[search as usize].compress_to_buffer(body, &mut compressed).map_err(external)?;
        }
        // The buffer is reclaimed after the page is written.
        let compressed = Bytes::from(compressed);
        let page = CompressedPage::new(page(compressed.clone()), body.len());
        let written = SerializedPageWriter::new(&mut self.written).write_page(page)?;
        self.compressed = Vec::from(compressed);
        self.written.flush()?;
        let bytes = self.written.inner_mut();
        spool.write(bytes);
        bytes.clear();
        Ok((written.compressed_size, written.uncompressed_size))
    }
}

/// Compresses to one frame, with a separate block for the first bytes. A block has one code for all its
/// literals, in which rare bytes make the others longer: the lengths of random texts would cost more there
/// than their own size.
fn compress_in_two_blocks(
    zstd: &mut zstd::bulk::Compressor<'_>,
    (first, second): (&[u8], &[u8]),
    compressed: &mut Vec<u8>,
) -> io::Result<()> {
    compressed.reserve(compress_bound(first.len()) + compress_bound(second.len()));
    zstd.set_pledged_src_size(Some((first.len() + second.len()) as u64))?;
    let mut output = OutBuffer::around(compressed);
    for (part, then) in [(first, ZSTD_EndDirective::ZSTD_e_flush), (second, ZSTD_EndDirective::ZSTD_e_end)] {
        let left = zstd.context_mut().compress_stream2(&mut output, &mut InBuffer::around(part), then);
        match left {
            Ok(0) => {}
            Ok(_) => return Err(io::Error::other("zstd needs more space than it announced")),
            Err(code) => return Err(io::Error::other(get_error_name(code))),
        }
    }
    Ok(())
}

fn external(error: io::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// The finished pages of a column chunk.
pub(super) struct Pages {
    search: CompressionEffort,
    data: PooledBytes,
    index: OffsetIndexBuilder,
    uncompressed: usize,
    values: usize,
    /// The number of pages per encoding.
    encodings: Vec<(Encoding, i32)>,
}

impl Pages {
    pub(super) fn new(pool: &Arc<BufferPool>, search: CompressionEffort) -> Self {
        Self {
            search,
            data: PooledBytes::new(pool),
            index: OffsetIndexBuilder::new(),
            uncompressed: 0,
            values: 0,
            encodings: Vec::new(),
        }
    }

    /// Adds a data page of `rows` values and nulls, with their levels in `body`; the first `apart` bytes are
    /// of another kind than the rest.
    pub(super) fn add(
        &mut self,
        body: &[u8],
        apart: usize,
        rows: usize,
        encoding: Encoding,
        compressor: &mut PageCompressor,
    ) -> Result<()> {
        let offset = self.data.length;
        let (size, uncompressed) =
            compressor.write_page(body, apart, self.search, &mut self.data, |buf| Page::DataPage {
                buf,
                num_values: rows as u32,
                encoding,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            })?;
        self.index.append_row_count(rows as i64);
        let size =
            i32::try_from(size).map_err(|_| ParquetError::General("a page of more than 2 GiB".to_owned()))?;
        self.index.append_offset_and_size(offset as i64, size);
        self.uncompressed += uncompressed;
        self.values += rows;
        match self.encodings.iter_mut().find(|(known, _)| *known == encoding) {
            Some((_, count)) => *count += 1,
            None => self.encodings.push((encoding, 1)),
        }
        Ok(())
    }

    pub(super) fn memory(&self) -> usize {
        self.data.memory()
    }

    /// Completes the chunk; the dictionary, with its number of values, goes before the data.
    pub(super) fn finish(
        mut self,
        dictionary: Option<(&[u8], usize)>,
        compressor: &mut PageCompressor,
    ) -> Result<FinishedPages> {
        let mut first = PooledBytes::new(&self.data.pool);
        let mut encodings: Vec<Encoding> = self.encodings.iter().map(|(encoding, _)| *encoding).collect();
        let count = |page_type, (encoding, count)| PageEncodingStats { page_type, encoding, count };
        let mut statistics: Vec<_> =
            self.encodings.iter().map(|known| count(PageType::DATA_PAGE, *known)).collect();
        if let Some((body, values)) = dictionary {
            let (_, uncompressed) =
                compressor.write_page(body, 0, CompressionEffort::Fast, &mut first, |buf| {
                    Page::DictionaryPage {
                        buf,
                        num_values: values as u32,
                        encoding: Encoding::PLAIN,
                        is_sorted: false,
                    }
                })?;
            self.uncompressed += uncompressed;
            encodings.push(Encoding::PLAIN);
            statistics.push(count(PageType::DICTIONARY_PAGE, (Encoding::PLAIN, 1)));
        }
        encodings.push(Encoding::RLE);
        let mut index = self.index.build();
        for location in &mut index.page_locations {
            location.offset += first.length as i64;
        }
        Ok(FinishedPages {
            uncompressed: self.uncompressed,
            values: self.values,
            dictionary: dictionary.is_some(),
            encodings,
            statistics,
            index,
            bytes: PooledChunk(first, self.data),
        })
    }
}

/// All pages of a column chunk, and their metadata. Offsets are relative to the beginning of the chunk.
pub(super) struct FinishedPages {
    pub(super) bytes: PooledChunk,
    pub(super) uncompressed: usize,
    pub(super) values: usize,
    pub(super) dictionary: bool,
    pub(super) encodings: Vec<Encoding>,
    pub(super) statistics: Vec<PageEncodingStats>,
    pub(super) index: OffsetIndexMetaData,
}

/// The dictionary page and the data pages.
pub(super) struct PooledChunk(PooledBytes, PooledBytes);

impl PooledChunk {
    /// The offset of the first data page.
    pub(super) fn data_offset(&self) -> usize {
        self.0.length
    }

    /// The size of all pages in bytes.
    pub(super) fn length(&self) -> usize {
        self.0.length + self.1.length
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.0.pieces.iter().chain(&self.1.pieces).map(Vec::as_slice)
    }
}

/// The source from which the parquet crate copies a chunk.
pub(super) struct PooledReader(Arc<PooledChunk>);

impl PooledReader {
    pub(super) fn new(spooled: PooledChunk) -> Self {
        Self(Arc::new(spooled))
    }
}

impl Length for PooledReader {
    fn len(&self) -> u64 {
        self.0.length() as u64
    }
}

impl ChunkReader for PooledReader {
    type T = OffsetReader;

    fn get_read(&self, start: u64) -> Result<OffsetReader> {
        Ok(OffsetReader { spooled: Arc::clone(&self.0), position: start as usize })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads from a position onwards.
pub(super) struct OffsetReader {
    spooled: Arc<PooledChunk>,
    position: usize,
}

impl Read for OffsetReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut skip = self.position;
        for piece in self.spooled.pieces() {
            if skip < piece.len() {
                let count = buffer.len().min(piece.len() - skip);
                buffer[..count].copy_from_slice(&piece[skip..skip + count]);
                self.position += count;
                return Ok(count);
            }
            skip -= piece.len();
        }
        Ok(0)
    }
}
