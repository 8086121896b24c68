# The stock: cards, eSIM profiles, numbers, vouchers
stock-title = Stock
stock-low-open = Low stock: { $count }
stock-totals = How many there are
stock-none = The stock is empty.
stock-counted = Counted { $when }; counted again every ten minutes.
stock-not-counted = Not counted yet: look again in a few minutes.
stock-count-now = Count now
stock-kind = Kind
stock-kind-card = Cards
stock-kind-profile = eSIM with a number
stock-kind-companion = eSIM for another device
stock-free = can be given out
stock-without-code = no activation code
stock-loading = being imported
stock-reserved = reserved until paid
stock-in-use = in use
stock-resting = resting with the number
stock-set-aside = set aside
stock-retired = retired
stock-float = Money held upstream
stock-float-reported = What the upstream network says it holds for us, paid ahead: told { $when }, asked again every ten minutes.
stock-float-used = A day uses up { $amount }, by the last seven days.
stock-float-lasts = { $days ->
    [0] At that rate it lasts less than a day.
    [one] At that rate it lasts one more day.
   *[other] At that rate it lasts { $days } more days.
}
stock-float-low = Low: less than { $amount }, since { $when }. Activations upstream stop when nothing is left, so please pay in.
stock-float-least = Threshold in { $name } (empty: take it away)
stock-wrong-float = A threshold is an amount above zero, such as 5000.00.
stock-thresholds = Low stock
stock-thresholds-hint = When fewer can be given out than the threshold says, this page and the desk’s first page say so, until there are enough again.
stock-thresholds-none = No threshold is set.
stock-another-threshold = Add a threshold
stock-family = Batch names begin with (empty: all batches)
stock-family-of = { $kind } · batches { $name }…
stock-least = Threshold
stock-least-or-none = Threshold (empty: take it away)
stock-least-is = Threshold { $name }
stock-set = Save
stock-low = Low: { $count } left, since { $when }
stock-enough = Enough: { $count }
stock-not-judged = Shown after the next count.
stock-wrong-least = A threshold is a whole number from 1 to 10000000.
stock-wrong-family = At most 60 characters of a batch name.
stock-wrong-too-many = There are as many thresholds as there can be. Take one away first.
stock-stale = Something changed since this page was opened, and nothing was done. This is how it is now.
stock-batches = Batches
stock-batches-hint = Loaded with the command everline import, the newest first.
stock-batches-none = Nothing has been imported yet.
stock-batch-named = Batch { $name }
stock-of = Contents
stock-of-sims = Cards and eSIM profiles
stock-of-codes = Activation codes
stock-of-lines = Lines that moved in
stock-batch-loading = import not complete
stock-batch-applying = taking effect
stock-batch-complete = import complete
stock-loaded = { $count ->
    [one] 1 row
   *[other] { $count } rows
}
stock-rows = Rows
stock-began = Began
stock-completed = Complete
stock-older = Earlier
stock-put = Set aside
stock-put-batch = Set the batch aside
stock-put-batch-hint = What of it is in stock is given to nobody from now on, and neither is what comes back later. What is in use goes on.
stock-put-sim = Set one card or profile aside
stock-put-sim-hint = It has to be in stock. For one in use, replace it on the page of its line.
stock-give-back = Give back to the stock
stock-put-by = Set aside { $when } by { $name }
stock-back-by = given back { $when } by { $name }
stock-holds-title = Set aside
stock-holds-lead = What is set aside is given to nobody until it is given back to the stock.
stock-holds-none = Nothing was ever set aside.
stock-wrong-reason = Please say why, in at most 200 characters.
stock-wrong-batch = Only a batch whose import is complete can be set aside.
stock-wrong-iccid = A card number has 18 to 20 digits or capital letters.
stock-unknown-sim = No card of the stock has this number. Please check it.
stock-sim-not-in-stock = This card is not in stock: it is in use, resting, set aside or retired.
stock-numbers-title = Numbers that rest
stock-numbers-lead = A number rests after its line ended, and comes back to the stock with its card. The next to be free comes first.
stock-numbers-none = No number is resting.
stock-rests-until = rests until { $when }
stock-rests-on = rests, no end set
stock-vouchers-title = Vouchers
stock-vouchers-lead = Whoever holds a voucher has its code. We keep none, so none is shown here.
stock-vouchers-none = There are no vouchers yet.
stock-vouchers-paid = sold
stock-vouchers-promo = given away
stock-vouchers-making = being made
stock-vouchers-active = can be redeemed
stock-vouchers-expired = expired
stock-vouchers-stopped = stopped
stock-vouchers-made = { $count } in all
stock-vouchers-redeemed = { $count } redeemed
stock-vouchers-until = valid until { $when }
stock-vouchers-by = made on { $when } by { $name }
stock-vouchers-stop = Stop the batch
stock-vouchers-stop-hint = { $count ->
    [one] This cannot be undone: { $count } voucher that was not redeemed is worth nothing then. What was redeemed stays.
   *[other] This cannot be undone: { $count } vouchers that were not redeemed are worth nothing then. What was redeemed stays.
}
