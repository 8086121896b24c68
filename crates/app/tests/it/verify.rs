//! `verify`: silent about a sound store, and naming every corruption that is planted.

use crate::world::{World, on_both};
use everline_core::offering::Family;

#[tokio::test]
async fn one_purchase_is_sound() {
    on_both(async |world: World| {
        world.sound().await;
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        world.sound().await;
    })
    .await;
}
