//! The fast elliptic-curve backend of the product.
#![forbid(unsafe_code)]
