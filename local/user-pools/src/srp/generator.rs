//! Powers of the group's generator, computed with a table: a quarter of the work of [`Element::pow`].
//!
//! Lim and Lee's comb: the exponent's bits are written in [`ROWS`] rows, and each column, read downwards, is the index of
//! the product that the table holds for it.

use std::sync::LazyLock;

use crypto_bigint::{CtEq, CtSelect, U256};

use super::{Element, G};

const ROWS: u32 = 6;
const COLUMNS: u32 = U256::BITS.div_ceil(ROWS);

/// For each index, the product of g^(2^(row · [`COLUMNS`])) over the rows whose bit is set in it.
static PRODUCTS: LazyLock<Vec<Element>> = LazyLock::new(|| {
    let mut rows: [Element; ROWS as usize] = [G; ROWS as usize];
    let mut power = G;
    for row in rows.iter_mut().skip(1) {
        power = (0..COLUMNS).fold(power, |power, _| power.square());
        *row = power;
    }
    let product = |index: u32| {
        let chosen = rows.iter().zip(0..).filter(|(_, row)| index >> row & 1 == 1);
        chosen.fold(Element::ONE, |product, (row, _)| product * row)
    };
    (0..1 << ROWS).map(product).collect()
});

/// Returns g to the power of `exponent`. The time does not depend on its bits.
pub(super) fn power(exponent: &U256) -> Element {
    (0..COLUMNS).rev().fold(Element::ONE, |power, column| {
        let rows = (0..ROWS).rev();
        let index = rows.fold(0, |index, row| index << 1 | bit(exponent, row * COLUMNS + column));
        power.square() * product(index)
    })
}

/// Returns the product at `index`, and reads all products to hide the index.
fn product(index: u32) -> Element {
    let all = PRODUCTS.iter().zip(0..);
    all.fold(Element::ONE, |found, (product, at)| {
        found.ct_select(product, index.ct_eq(&at))
    })
}

fn bit(exponent: &U256, index: u32) -> u32 {
    if index < U256::BITS {
        u32::from(exponent.bit(index).to_u8())
    } else {
        0
    }
}
