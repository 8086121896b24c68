//! Two orders never have one number, also where their ids would give them the same.

use crate::world::{World, on_both};
use everline_app::Problem;
use everline_app::place_order::{order_numbers, place_order};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::line::NetworkKind;
use everline_core::offering::Family;
use everline_core::time::Zone;
use everline_store::tables::directory;
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeSet;

/// Another id of the same day with the same last bytes: its candidates are the same.
fn twin(id: OrderId, n: u8) -> OrderId {
    let mut bytes = id.bytes();
    bytes[7] ^= n;
    OrderId(RawId::from_bytes(bytes))
}

async fn owner(world: &World, number: &str) -> Option<(CustomerId, RawId)> {
    let number = number.to_owned();
    let found = world.look(move |tx| {
        let number = number.clone();
        Box::pin(async move { directory::find(tx, directory::Name::OrderNumber, &number).await })
    });
    found.await
}

#[tokio::test]
async fn orders_whose_ids_give_one_number_get_numbers_of_their_own() {
    on_both(async |world: World| {
        let id = OrderId(world.app.clock.id());
        let mut numbers = BTreeSet::new();
        for n in 0..4 {
            let kit = world.line(Family::Phone).await;
            let new = world.new_order(&kit, "month", twin(id, n));
            let order = place_order(&world.app, new.clone()).await.unwrap();
            assert_eq!(order.number.len(), 20);
            assert_eq!(owner(&world, &order.number).await, Some((kit.customer, order.id.0)));
            assert_eq!(place_order(&world.app, new).await, Ok(order.clone()), "sent again it is the same order");
            assert!(numbers.insert(order.number), "a number of its own");
        }
        let kit = world.line(Family::Phone).await;
        let none = place_order(&world.app, world.new_order(&kit, "month", twin(id, 4))).await;
        assert!(matches!(none, Err(Problem::Internal(_))), "{none:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_id_that_another_customer_used_is_refused_whichever_number_it_got() {
    on_both(async |world: World| {
        let id = OrderId(world.app.clock.id());
        for n in 0..3 {
            let kit = world.line(Family::Phone).await;
            place_order(&world.app, world.new_order(&kit, "month", twin(id, n))).await.unwrap();
        }
        for n in 0..3 {
            let other = world.line(Family::Phone).await;
            let taken = place_order(&world.app, world.new_order(&other, "month", twin(id, n))).await;
            assert_eq!(taken, Err(Problem::ExistsDifferently("order")), "{n}");
        }
        world.sound().await;
    })
    .await;
}

/// On PostgreSQL both look before either commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn orders_placed_at_once_do_not_collide() {
    on_both(async |world: World| {
        for _ in 0..20 {
            let id = OrderId(world.app.clock.id());
            let kits = [world.line(Family::Phone).await, world.line(Family::Phone).await];
            let place = async |n: u8| {
                let new = world.new_order(&kits[usize::from(n)], "month", twin(id, n));
                place_order(&world.app, new).await.unwrap()
            };
            let (one, other) = tokio::join!(place(0), place(1));
            assert_ne!(one.number, other.number);
        }
        world.sound().await;
    })
    .await;
}

struct Numbers {
    ids: Vec<OrderId>,
    zone: Zone,
}
impl Work for Numbers {
    const NAME: &'static str = "numbers";
    type Out = Vec<String>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<String>, Stop<Problem>> {
        order_numbers(tx, &self.ids, &self.zone).await
    }
}

#[tokio::test]
async fn a_batch_is_numbered_at_once_and_around_what_is_there() {
    on_both(async |world: World| {
        let id = OrderId(world.app.clock.id());
        let kit = world.line_of(world.person().await, Family::Phone, NetworkKind::BuiltIn).await;
        let there = place_order(&world.app, world.new_order(&kit, "month", id)).await.unwrap();
        let others: Vec<OrderId> = (0..500).map(|_| OrderId(world.app.clock.id())).collect();
        let ids = [vec![twin(id, 1), twin(id, 2)], others].concat();
        let work = || Numbers { ids: ids.clone(), zone: world.app.zone.clone() };
        let numbers = world.app.store.read(work()).await.unwrap();
        assert_eq!(numbers.len(), ids.len());
        let all: BTreeSet<&String> = numbers.iter().chain([&there.number]).collect();
        assert_eq!(all.len(), ids.len() + 1);
        assert_eq!(world.app.store.read(work()).await.unwrap(), numbers, "the same again");
        let taken = Numbers { ids: vec![id], zone: world.app.zone.clone() };
        let refused = world.app.store.read(taken).await;
        assert_eq!(refused, Err(Stop::Refused(Problem::ExistsDifferently("order"))));
        assert_eq!(world.app.store.read(Numbers { ids: Vec::new(), zone: world.app.zone.clone() }).await, Ok(vec![]));
    })
    .await;
}
