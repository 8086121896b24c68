//! What a payer's client needs to open the cashier from inside WeChat (JSAPI, mini programs).

use super::{
    Error,
    authorization::header_safe,
    json::{Reader, Writer, bad},
};
use crate::rsa::{PrivateKey, PublicKey};

/// What stands before the number in `package`.
const PACKAGE: &str = "prepay_id=";

/// The parameters of `getBrandWCPayRequest` and of `wx.requestPayment`, signed by the merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientParameters {
    app_id: String,
    timestamp: String,
    nonce: String,
    package: String,
    pay_sign: String,
}

impl ClientParameters {
    /// Signs for the trade that a JSAPI order answered `prepay_id` to. That lives two hours.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for an application, a number or a nonce that could not stand in a header;
    /// [`crate::Error::Crypto`].
    pub fn sign(
        app_id: &str,
        prepay_id: &str,
        timestamp_unix_s: i64,
        nonce: &str,
        merchant: &PrivateKey,
    ) -> Result<Self, Error> {
        header_safe("appId", app_id)?;
        header_safe("prepay_id", prepay_id)?;
        header_safe("nonceStr", nonce)?;
        let mut parameters = Self {
            app_id: app_id.to_owned(),
            timestamp: timestamp_unix_s.to_string(),
            nonce: nonce.to_owned(),
            package: format!("{PACKAGE}{prepay_id}"),
            pay_sign: String::new(),
        };
        parameters.pay_sign = merchant.sign(parameters.signed_text().as_bytes())?;
        Ok(parameters)
    }

    fn signed_text(&self) -> String {
        format!("{}\n{}\n{}\n{}\n", self.app_id, self.timestamp, self.nonce, self.package)
    }

    /// The parameters as the JSON object that a page passes on.
    #[must_use]
    pub fn to_json(&self) -> String {
        Writer::new()
            .text("appId", &self.app_id)
            .text("timeStamp", &self.timestamp)
            .text("nonceStr", &self.nonce)
            .text("package", &self.package)
            .text("signType", "RSA")
            .text("paySign", &self.pay_sign)
            .end()
    }

    /// The application.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The trade that they pay, as the JSAPI order answered.
    #[must_use]
    pub fn prepay_id(&self) -> &str {
        self.package.strip_prefix(PACKAGE).unwrap_or_default()
    }

    /// Reads the parameters and checks the merchant's signature, as the cashier does.
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`], [`crate::Error::BadSignature`].
    pub fn verify(json: &[u8], merchant: &PublicKey) -> Result<Self, Error> {
        let reader = Reader::parse(json)?;
        let parameters = Self {
            app_id: reader.text("appId")?,
            timestamp: reader.text("timeStamp")?,
            nonce: reader.text("nonceStr")?,
            package: reader.text("package")?,
            pay_sign: reader.text("paySign")?,
        };
        if reader.text("signType")? != "RSA" {
            return Err(bad("signType"));
        }
        merchant.verify(parameters.signed_text().as_bytes(), &parameters.pay_sign)?;
        if parameters.prepay_id().is_empty() {
            return Err(bad("package"));
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error as Shared;

    #[test]
    fn the_cashier_takes_what_the_merchant_signed_and_nothing_else() {
        let key = PrivateKey::generate().unwrap();
        let public = key.public_key().unwrap();
        let signed = ClientParameters::sign("wx1", "wx20260301", 1_772_327_107, "N0nce", &key).unwrap();
        let json = signed.to_json();
        assert!(json.starts_with(
            r#"{"appId":"wx1","timeStamp":"1772327107","nonceStr":"N0nce","package":"prepay_id=wx20260301","signType":"RSA","paySign":""#
        ));
        let read = ClientParameters::verify(json.as_bytes(), &public).unwrap();
        assert_eq!((&read, read.app_id(), read.prepay_id()), (&signed, "wx1", "wx20260301"));
        let package = json.replace("prepay_id=", "id=");
        assert_eq!(ClientParameters::verify(package.as_bytes(), &public), Err(Shared::BadSignature.into()));
        let verdict = |from: &str, to: &str| ClientParameters::verify(json.replacen(from, to, 1).as_bytes(), &public);
        for (from, to) in
            [("wx1", "wx2"), ("1772327107", "1772327108"), ("N0nce", "N1nce"), ("wx20260301", "wx20260302")]
        {
            assert_eq!(verdict(from, to), Err(Shared::BadSignature.into()), "{from}");
        }
        assert_eq!(verdict("\"RSA\"", "\"MD5\""), Err(bad("signType")));
        assert_eq!(verdict("\"paySign\"", "\"x\""), Err(Shared::MissingField { name: "paySign" }.into()));
        for nonce in ["", "a\nb"] {
            let refused = ClientParameters::sign("wx1", "wx2", 0, nonce, &key);
            assert_eq!(refused, Err(bad("nonceStr")));
        }
    }
}
