# Choosing a plan: the list, two side by side, which fits; reviews, questions and answers
choose-link = All plans, compared, with reviews
choose-title = Plans
choose-heading = Plans for { $name }
choose-list = On sale
choose-filter = Find
choose-any = Any
choose-show = Show
choose-all = Show everything
choose-none = Nothing on sale is like that. Ask for less, or show everything.
choose-others = Made for other kinds of devices
choose-kind = Kind
choose-kind-data = Data
choose-kind-voice = Voice
choose-kind-sms = Messages
choose-kind-combined = Combined
choose-kind-top-up = Money
choose-lasts-week = Up to a week
choose-lasts-month = Up to a month
choose-lasts-longer = Longer than a month
choose-price = Price
choose-price-max = Price up to ({ $name })
choose-price-wrong = Please write an amount like 39 or 9.90.
choose-order = Order
choose-order-price = Cheapest first
choose-order-day = Cheapest by the day
choose-order-gigabyte = Cheapest by the gigabyte
choose-order-rating = Best reviewed
choose-order-longest = Longest
choose-per-day = { $price } a day
choose-per-gigabyte = { $price } a GB
choose-by-day = By the day
choose-by-gigabyte = By the GB of data
choose-holds = Includes
choose-not-now = Now
choose-terms = Terms
choose-take = Choose this one
choose-compare = Compare
choose-compare-with = Compare with { $name }
choose-compare-first = Now pick what to compare { $name } with.
choose-compare-stop = Stop comparing
choose-compared = Side by side
choose-differs = differs
choose-person = Rather ask a person? Call
choose-rating = { $mean } of 5 stars, { $count ->
    [one] { $count } review
   *[other] { $count } reviews
}

fit-title = What fits your usage
fit-answer = { $name } covers it and is the cheapest that does: { $price } for 30 days.
fit-answer-with-packs = { $name } with packs covers it and is the cheapest that does: { $price } for 30 days.
fit-none = No plan on sale covers what this line used, with packs either. Look at the computation, or ask a person.
fit-few-days = { $days ->
    [0] This line has not been used on a whole day yet.
    [one] This line has been used on one whole day.
   *[other] This line has been used on { $days } whole days.
} From { $least } days on we say which plan fits; before, it would be a guess.
fit-nothing = This line used nothing on its last complete days, so nothing says which plan fits. The cheapest stands first below.
fit-look = See this plan
fit-computation = How this is reckoned
fit-seen = Looked at: the last { $days } complete days, { $from } to { $to }. Used: { $used }.
fit-seen-since = Looked at: the { $days } complete days since this line was first used, { $from } to { $to }. Used: { $used }.
fit-how = For each plan, that usage is scaled to the days it lasts, with { $margin } % to spare. What the plan does not include is filled with the cheapest packs. Plan and packs together are then compared by 30 days; a month counts as 30 days.
fit-used = { $what } { $amount }
fit-need = { $needs } of { $holds }
fit-plan = Plan
fit-needs = Would use, of what is included
fit-lacks = Packs
fit-covers = none needed
fit-does-not = not covered
fit-cost = Costs
fit-by-month = By 30 days
fit-tag = fits your usage

choose-reviews = Reviews
choose-reviews-how = Only customers whose line really used this for at least a day can write one. Staff look at each before it is shown, for insults, advertising and personal data, not for praise.
choose-no-reviews = Nobody has written a review yet.
choose-by-stars = How many of each
choose-review-count = { $count ->
    [one] { $count } review
   *[other] { $count } reviews
}
choose-rated-newest = From the newest { $count } reviews.
choose-stars = { $stars ->
    [one] { $stars } star
   *[other] { $stars } stars
}
choose-stars-5 = 5 stars: very good
choose-stars-4 = 4 stars: good
choose-stars-3 = 3 stars: all right
choose-stars-2 = 2 stars: not good
choose-stars-1 = 1 star: bad
choose-older-reviews = Older reviews
choose-write = Write a review
choose-rewrite = Change your review
choose-how-many-stars = Stars
choose-pick = Please choose
choose-review-text = In your words (optional, up to 500 characters)
choose-region = Where you use it (optional)
choose-region-none = Not said
choose-send-review = Send review
choose-public-hint = Shown with the first character of your name once staff have looked at it. Write no phone numbers, addresses or codes.
choose-not-used = You can write a review or answer once this line has used this for a day.
choose-questions = Questions and answers
choose-no-questions = Nobody has asked anything yet.
choose-older-questions = Older questions
choose-ask = Ask a question
choose-question-text = Your question (up to 300 characters)
choose-send-question = Send question
choose-answer = Answer this
choose-answer-text = Answer (up to 500 characters)
choose-send-answer = Send answer
choose-report = Report
choose-by-staff = Our staff
choose-by-nobody = A former customer
choose-ago = { $age } ago
choose-device-phone = phone
choose-device-watch = watch
choose-device-router = router
choose-device-tracker = tracker
choose-device-meter = meter
choose-device-other = another device
choose-mine = What you wrote here
choose-mine-review = Your review
choose-mine-question = Your question
choose-mine-answer = Your answer
choose-state-waiting = waits for staff; nobody else sees it yet
choose-state-published = everybody sees it
choose-state-refused = not shown. Staff say: { $reason } Change it and send it again, or take it back.
choose-state-hidden = taken away. Staff say: { $reason }
choose-withdraw = Take back
choose-sent-waits = Thank you. Our staff look at it before everybody sees it, mostly within a day.
choose-sent-report = Thank you. Our staff look at it.
choose-sent-withdrawn = Taken back; its text is gone.
choose-stars-wrong = Please choose 1 to { $max } stars.
choose-region-wrong = Please choose a region from the list, or none.
choose-text-empty = Please write something, up to { $max } characters.
choose-text-too-long = Please write at most { $max } characters.
choose-text-no-text = Please write plain text of up to { $max } characters, without tabs and control characters.
choose-sent-already = Something was sent from this page before: look under "What you wrote here". If this is to be added, send it once more.
choose-too-many = You have sent as much as is possible in one day. Please come back tomorrow, or call the hotline.
choose-not-shown = This is no longer shown.
choose-changed = Somebody decided about this, or its author changed it, since you looked. Please look again.
problem-not-contributed = This was not taken
problem-not-contributed-do = Go back to the plan’s page and look again: it changed, or it is no longer shown.

desk-contributions-title = Reviews and questions
desk-contributions-open = { $count ->
    [one] { $count } review or question waits
   *[other] { $count } reviews and questions wait
}
desk-contributions-lead = Publish what is about the plan, praise or blame. Refuse insults, advertising, personal data and what is about something else. Whoever wrote it reads your reason.
desk-contributions-none = Nothing waits.
desk-contributions-unanswered = Questions without an answer
desk-contribution-review = Review
desk-contribution-question = Question
desk-contribution-answer = Answer
desk-contribution-no-words = Stars alone, no words.
desk-contribution-reported = { $count ->
    [one] { $count } customer reported this
   *[other] { $count } customers reported this
}
desk-contribution-reason = Reason, if you refuse or hide it (its author reads it)
desk-contribution-reason-wrong = Please say why in 1 to { $max } characters: its author reads it.
desk-contribution-publish = Publish
desk-contribution-refuse = Refuse
desk-contribution-keep = Keep
desk-contribution-hide = Hide
