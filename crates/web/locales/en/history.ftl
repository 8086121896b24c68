# History: usage, orders, statement
usage-title = Usage
usage-span = Which days
usage-today = Today
usage-week = 7 days
usage-31-days = 31 days
usage-nothing = Nothing was used in these days.
usage-elsewhere = A partner’s network serves this line and counts what it uses; we are told what is left, not day by day. Ask us if something looks wrong.
usage-too-many = There are too many lines to add up on one page. Choose a line.
usage-summary = { $sum } in all; most on { $day }: { $most }.
usage-summary-day = { $sum } so far.
usage-beyond = { $sum } of it went beyond plans and packs; it cost nothing.
usage-call = { $minutes } min { $seconds } s
usage-table = As a table
usage-amount = Used
usage-of-which = Of which beyond plans
usage-by-line = By line
usage-all-lines = All lines together
usage-hint = Days are those of the calendar here. Devices report from time to time: the last minutes may be missing.
history-nav = History
history-title = Orders and payments
history-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
history-choose-month = Choose a month
history-month-label = Month
history-day = Day
history-when = When
history-line = Line
history-what = Kind
history-unit = Counted in
history-all = All
history-filter = Show
history-kind-plan = Plan
history-kind-pack = Pack
history-kind-top-up = Top-up
history-none = Nothing was ordered yet.
history-none-do = To your lines
history-none-match = No order matches.
history-none-here = None so far. Older orders may match.
history-show-all = Show all orders
history-older = Older orders
history-file = Download as a file (CSV)
history-offering = Ordered
history-placed = Ordered at
history-price = Price
history-currency = Currency
history-paid-at = Paid at
history-payments = Payments and refunds
history-money = { $what } { $amount }: { $state }
history-attempt-pending = not paid yet
history-attempt-unknown = we are asking
history-attempt-failed = declined, nothing was taken
history-attempt-closed = closed, nothing was taken
history-attempt-paid = paid
history-refund = Money back
history-refund-in-flight = on its way
history-refund-done = done
history-refund-failed = could not be given back, support is looking
history-refund-credited = added to your balance
history-refund-paid-out = sent from our bank account
history-refund-made-good = already given back by your bank
statement-title = Statement
statement-so-far = not over yet
statement-moves = What moved your money
statement-opening = At the beginning
statement-closing = At the end
statement-now = Now
statement-paid = Paid credit
statement-promo = Promotional credit
statement-held = Held for orders and refunds
statement-none = Nothing moved your money in this month.
statement-more = Go on
statement-more-follows = The month has more than fits here; the last row is its end.
statement-hint = Money you pay for an order is held until what you bought is delivered. What is on its way back to you is held until it arrived.
statement-paid-in = Payment for an order
statement-paid-by-bank = Bank transfer for an order
statement-delivered = Plan or pack delivered
statement-topped-up = Top-up delivered
statement-to-suspense = Payment that needs clarifying
statement-credit-spent = Paid credit put into an order
statement-promo-spent = Promotional credit put into an order
statement-credit-returned = Paid credit back from an order
statement-promo-returned = Promotional credit back from an order
statement-voucher = Voucher
statement-voucher-promo = Voucher (given away)
statement-bank-to-credit = Bank transfer to your balance
statement-refund-started = Refund on its way
statement-refund-done = Refund done
statement-refund-by-bank = Refund from our bank account
statement-refund-failed = Refund refused; support is looking
statement-refund-bounced = Refund came back; support is looking
statement-refund-credited = Refund to your balance
statement-refund-made-good = Refund already given by your bank
statement-plan-to-credit = Plan taken back to paid credit
statement-plan-to-promo = Plan taken back to promotional credit
statement-dispute-frozen = Held while your bank decides
statement-dispute-unfrozen = Free again after your bank decided
statement-given = Went on with a line to its new owner
statement-taken = Came with a line
statement-paid-out = Paid out to your bank account
statement-set-aside = Set aside for your bank account
statement-set-back = Not sent: it is credit again
statement-promo-lapsed = Promotional credit lapsed
statement-dispute-lost = Given back by your bank
statement-goodwill = Goodwill from us
statement-corrected = Balance corrected by us
statement-other = Other
