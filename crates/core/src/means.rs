//! What a decision may use besides its state and the event: random octets and curve arithmetic.

use crate::{Entropy, curve::Curves};

/// The means of one turn, lent by the driver.
pub struct Means<'a> {
    /// Where random octets come from.
    pub entropy: &'a mut dyn Entropy,
    /// Who calculates on elliptic curves.
    pub curves: &'a dyn Curves,
}

impl Means<'_> {
    /// The same means, lent on to a part of the turn.
    pub fn lend(&mut self) -> Means<'_> {
        Means { entropy: &mut *self.entropy, curves: self.curves }
    }
}
