//! One number on several devices, on both stores.

use crate::world::loading::{load_codes, load_sims};
use crate::world::{Kit, World, on_both};
use everline_app::companion::{add_companion, companion_code, companions, remove_companion};
use everline_app::sessions::{Principal, SessionInfo, open_session, session};
use everline_app::{Problem, device, ownership};
use everline_core::esim_device::{DeviceCheck, check};
use everline_core::ids::RawId;
use everline_core::line::NetworkKind;
use everline_core::offering::Family;
use everline_core::time::MINUTE_US;

async fn stock(world: &World, count: u32) {
    let row = |n: u32| format!("8986048800000000{n:04},46011800000{n:04},,esim,c\n");
    let sims: String = (0..count).map(row).collect();
    load_sims(world, format!("iccid,imsi,msisdn,kind,batch\n{sims}")).await.unwrap();
    let code = |n: u32| format!("8986048800000000{n:04},LPA:1$rsp.example.com$C-{n},c\n");
    let codes: String = (0..count).map(code).collect();
    load_codes(world, &format!("iccid,activation_code,batch\n{codes}")).await.unwrap();
}
async fn signed_in(world: &World, kit: &Kit) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(kit.customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
fn watch() -> DeviceCheck {
    check("", None, "", true).unwrap()
}
async fn adds(world: &World, owner: &SessionInfo, kit: &Kit, id: RawId) -> Result<(), Problem> {
    add_companion(&world.app, owner, (kit.line, id), watch()).await
}
async fn attach(world: &World, n: u32) -> Result<device::Granted, Problem> {
    device::attach(&world.app, &format!("46011800000{n:04}"), "").await
}

#[tokio::test]
async fn a_watch_uses_what_the_phone_has_until_it_is_removed() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let owner = signed_in(&world, &kit).await;
        let id = world.app.clock.id();
        let no_plan = Err(Problem::Invalid { field: "line", rule: "no-companions" });
        assert_eq!(adds(&world, &owner, &kit, id).await, no_plan);
        world.buys(&kit, "days").await;
        assert_eq!(adds(&world, &owner, &kit, id).await, Err(Problem::SoldOut));
        stock(&world, 4).await;
        adds(&world, &owner, &kit, id).await.unwrap();
        adds(&world, &owner, &kit, id).await.unwrap();
        assert_eq!(companions(&world.app, kit.customer, kit.line).await.unwrap().beside.len(), 1, "sent twice");
        world.settle().await;
        assert!(world.told(&kit).await.contains(&"companion_added"));
        world.sound().await;
        // It uses what the line has, beside the phone.
        let phone = world.attach(&kit).await;
        let watch = attach(&world, 0).await.unwrap();
        assert!(phone.online && watch.online);
        world.report(watch.session, 1, 400_000_000).await;
        let left = world.report(phone.session, 1, 100_000_000).await.octets_left;
        assert_eq!(left, 500_000_000);

        let found = companions(&world.app, kit.customer, kit.line).await.unwrap();
        let iccid = found.beside[0].0.as_str().to_owned();
        let code = companion_code(&world.app, &owner, kit.line, &iccid).await.unwrap();
        assert_eq!(code.as_str(), "LPA:1$rsp.example.com$C-0");
        adds(&world, &owner, &kit, world.app.clock.id()).await.unwrap();
        let full = adds(&world, &owner, &kit, world.app.clock.id()).await;
        assert_eq!(full, Err(Problem::Invalid { field: "line", rule: "companions-full" }));
        // Another's line is not there; a line of another network takes none; an old proof is none.
        let other = world.line(Family::Phone).await;
        let stranger = signed_in(&world, &other).await;
        let not_theirs = Err(Problem::NotFound("line"));
        assert_eq!(adds(&world, &stranger, &kit, world.app.clock.id()).await, not_theirs);
        let seen = companion_code(&world.app, &stranger, kit.line, &iccid).await.map(|_| ());
        assert_eq!(seen, not_theirs);
        let upstream = world.line_of(kit.customer, Family::Iot, NetworkKind::Upstream).await;
        assert_eq!(adds(&world, &owner, &upstream, world.app.clock.id()).await, no_plan);

        remove_companion(&world.app, &owner, kit.line, &iccid).await.unwrap();
        assert_eq!(attach(&world, 0).await, Err(Problem::NotFound("subscriber")));
        let reported = device::report(&world.app, watch.session, 2, 1).await.map(|_| ());
        assert_eq!(reported, Err(Problem::NotFound("session")), "it is served no more");
        assert!(world.attach(&kit).await.online, "the line goes on");
        let gone = companion_code(&world.app, &owner, kit.line, &iccid).await.map(|_| ());
        assert_eq!(gone, Err(Problem::NotFound("profile")));
        let again = remove_companion(&world.app, &owner, kit.line, &iccid).await;
        assert_eq!(again, Err(Problem::NotFound("profile")));
        world.sound().await;
        world.pass(11 * MINUTE_US).await;
        let late = adds(&world, &owner, &kit, world.app.clock.id()).await;
        assert_eq!(late, Err(Problem::ProveFirst));
    })
    .await;
}

#[tokio::test]
async fn whoever_gives_a_line_away_keeps_no_device_with_its_number() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "days").await;
        stock(&world, 1).await;
        let owner = signed_in(&world, &kit).await;
        adds(&world, &owner, &kit, world.app.clock.id()).await.unwrap();
        let watch = attach(&world, 0).await.unwrap();
        let taker = world.line(Family::Phone).await;
        let number = everline_app::profile::profile(&world.app, taker.customer).await.unwrap().contact.unwrap();
        ownership::offer(&world.app, &owner, kit.line, number.as_str()).await.unwrap();
        world.jobs().await;
        let path = world.messenger.parameter(number.as_str(), "path").unwrap();
        let takes = signed_in(&world, &taker).await;
        ownership::accept(&world.app, &takes, path.trim_start_matches("/take-over/")).await.unwrap();
        world.settle().await;
        assert_eq!(attach(&world, 0).await, Err(Problem::NotFound("subscriber")));
        assert!(device::report(&world.app, watch.session, 1, 1).await.is_err());
        world.sound().await;
    })
    .await;
}
