//! One-time codes that are derived from a key. A retry gets the same code, and the session does not store it.

use std::fmt::Write;

/// The maximum number of digits in a code.
pub const MAX_DIGITS: u8 = 10;

/// Returns a code of `length` decimal digits (1 to [`MAX_DIGITS`]) from the 32 bytes of
/// [`Keys::mac`](crate::keys::Keys::mac).
///
/// Every code is equally likely: an eight-byte block is used only if it is below the largest multiple of the number of
/// codes. The last of the four blocks is used in any case. The probability that this happens is below 2^-90.
///
/// ```
/// use cognito_challenge::code::digits;
/// use cognito_challenge::keys::Keys;
///
/// let keys = Keys::parse("at least thirty-two bytes of secret")?;
/// let code = |nonce| digits(keys.mac("PAGER_CODE: code", &[b"us-east-1_Example", b"ada", nonce]), 6);
/// assert_eq!(code(b"first").len(), 6);
/// assert_eq!(code(b"first"), code(b"first"));
/// assert_ne!(code(b"first"), code(b"second"));
/// # Ok::<(), cognito_challenge::keys::KeyError>(())
/// ```
pub fn digits(hash: [u8; 32], length: u8) -> String {
    let length = length.clamp(1, MAX_DIGITS);
    let codes = 10_u64.pow(length.into());
    let unbiased = u64::MAX - u64::MAX % codes;
    let (blocks, _) = hash.as_chunks::<8>();
    let mut numbers = blocks.iter().map(|block| u64::from_be_bytes(*block));
    let last = numbers.clone().next_back().unwrap_or_default();
    let number = numbers.find(|number| *number < unbiased).unwrap_or(last) % codes;
    let mut code = String::new();
    // Writing to a string cannot fail.
    let _ = write!(code, "{number:0width$}", width = length.into());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a hash that consists of four blocks.
    fn hash(blocks: [u64; 4]) -> [u8; 32] {
        let mut hash = [0; 32];
        for (to, block) in hash.chunks_mut(8).zip(blocks) {
            to.copy_from_slice(&block.to_be_bytes());
        }
        hash
    }

    #[test]
    fn a_code_has_its_length_and_leading_zeros() {
        assert_eq!(digits(hash([42, 0, 0, 0]), 6), "000042");
        assert_eq!(digits(hash([1_234_567, 0, 0, 0]), 6), "234567");
        assert_eq!(digits(hash([1_234_567, 0, 0, 0]), 1), "7");
        assert_eq!(digits(hash([u64::MAX / 2, 0, 0, 0]), 10).len(), 10);
    }

    #[test]
    fn a_block_that_would_favor_some_codes_is_skipped() {
        assert_eq!(digits(hash([u64::MAX, u64::MAX - 1, 17, 0]), 6), "000017");
        // 2^64 is 18,446,744,073,709 times one million, plus 551,616.
        let first_unusable = 18_446_744_073_709_000_000;
        assert_eq!(digits(hash([first_unusable, 17, 0, 0]), 6), "000017");
        assert_eq!(digits(hash([first_unusable - 1, 17, 0, 0]), 6), "999999");
    }
}
