# Figures of the desk
figures-title = Figures
figures-period = Period
figures-as-of = Today as of { $name }.
figures-none-yet = Nothing has been counted yet; that takes a few minutes.
figures-how = An order counts on the day in its number. A day is counted again for ten days after its end.
figures-gaps = { $count ->
    [one] One day has not been counted: it is left blank, and its sums are missing below.
   *[other] { $count } days have not been counted: they are left blank, and their sums are missing below.
}
figures-not-counted = not counted
figures-file = Download this table (CSV)
figures-count = Count
figures-share = Share
figures-most = Highest day: { $count }.
figures-renewals = Renewals by day
figures-no-orders = Nobody has ordered anything in this period.
figures-renewals-sum = Orders: { $placed }. Paid: { $paid }. In effect: { $effect } ({ $share } of all, { $ofpaid } of those paid). Given back since: { $back }.
figures-renewals-legend = Light: ordered. Dark: in effect.
figures-placed = Ordered
figures-paid = Paid
figures-in-effect = In effect
figures-of-placed = Of ordered
figures-failed = Failed
figures-median = Median wait
figures-times = From payment to in effect
figures-no-times = Nothing came into effect after a payment in this period.
figures-times-sum = Orders: { $count }. Half took at most { $median }, 95% at most { $most }. The slowest took { $worst }.
figures-times-hint = What begins later, after another plan or with the first use, counts until it was delivered. Median and 95% are rounded up by at most 3%.
figures-took = Took
figures-up-to = up to { $span }
figures-longer = longer
figures-seconds = { $count } s
figures-minutes = { $big } min { $small } s
figures-hours = { $big } h { $small } min
figures-days = { $big } d { $small } h
figures-causes = Not in effect, by cause
figures-causes-sum = { $count ->
    [0] None of { $placed } orders failed.
    [one] One of { $placed } orders failed.
   *[other] { $count } of { $placed } orders failed.
}
figures-cause = Cause
figures-still-open = may still come into effect
figures-cause-waiting = Time to pay is not over
figures-cause-on-its-way = Paid, network has not confirmed
figures-cause-not-tried = No payment was begun
figures-cause-not-finished = Payment was begun and not finished
figures-cause-declined = Payment was refused
figures-cause-no-answer = Provider’s answer is not known
figures-cause-came-late = Money came too late and went back
figures-cause-other-amount = Another amount came
figures-cause-network-refused = Network refused
figures-methods = Ways to pay
figures-no-methods = No payment was begun in this period.
figures-method = Way
figures-method-paid = { $paid } paid ({ $share })
figures-method-alipay-qr = Alipay, code on screen
figures-method-alipay-wap = Alipay on the phone
figures-method-alipay-page = Alipay’s website
figures-method-wechat-qr = WeChat Pay, code on screen
figures-method-wechat-web = WeChat Pay on the phone
figures-method-wechat-inside = Inside WeChat
figures-method-card = Card
figures-method-bank = Bank transfer
figures-method-card-kept = Card, saved with this payment
figures-method-saved-card = Saved card, automatic
figures-method-paid-credit = Balance
figures-method-promo-credit = Promotional credit
figures-lines = Lines by state
figures-lines-as-of = Counted { $name }.
figures-state-stock = in stock
figures-state-handed-over = went on to another owner
figures-state-quarantined = number rests
figures-ending = Lines in service that end soon
figures-ends = Last plan ends
figures-within = within { $span }
figures-reminders = Reminders and what followed
figures-no-reminders = Nobody was reminded of a plan that ended in this period.
figures-reminders-sum = Reminders of plans that ended in this period: { $told }. Reported as delivered: { $came }; followed by a renewal within 7 days: { $renewed } of these ({ $share }). Taken by a provider that does not report: { $taken }, of which renewed: { $oftaken }.
figures-reminders-legend = Light: reminded. Dark: renewed within 7 days.
figures-reminders-hint = By the day on which the plan ended. Reminders of used data are not in it: they are about no day.
figures-end-day = Plan ended
figures-told = Reminded
figures-came = Delivered
figures-came-renewed = … and renewed
