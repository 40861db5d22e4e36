//! The operator's own daily caps.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::content::PlatformId;

/// Posts per day by platform, as the operator sets them; 0 lifts a cap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyCaps(BTreeMap<&'static str, u32>);

impl DailyCaps {
    /// The operator's word on a platform; `None` leaves the documented cap.
    pub fn get(&self, platform: PlatformId) -> Option<u32> {
        self.0.get(<&str>::from(platform)).copied()
    }
}

impl FromStr for DailyCaps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty()).map(|pair| {
            let bad = || format!("`{pair}` is not like `instagram=50`");
            let (platform, most) = pair.split_once('=').ok_or_else(bad)?;
            let platform: PlatformId = platform.trim().parse().map_err(|_| bad())?;
            Ok((<&str>::from(platform), most.trim().parse().map_err(|_| bad())?))
        });
        pairs.collect::<Result<_, String>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_read_by_platform() {
        let caps: DailyCaps = "instagram=50, youtube=0,".parse().unwrap();

        assert_eq!(
            (caps.get(PlatformId::Instagram), caps.get(PlatformId::Youtube), caps.get(PlatformId::X)),
            (Some(50), Some(0), None)
        );
        assert!("myspace=5".parse::<DailyCaps>().is_err() && "x".parse::<DailyCaps>().is_err());
    }
}
