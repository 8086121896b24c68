close-title = Close the account
close-what = Your name, number, document, sign-ins and everything that names you are removed for good. Receipts stay valid; what the law makes us keep stays under a number that leads to nobody.
close-promo = Promotional credit of { $name } lapses.
close-paid = Your paid credit of { $name } is paid out to your bank account, usually within three working days. After that the account is closed.
close-against = Not yet. First:
close-lines = { $count ->
    [one] { $count } line is yours. Give it up, or hand it over.
   *[other] { $count } lines are yours. Give them up, or hand them over.
}
close-orders = { $count ->
    [one] { $count } order is under way.
   *[other] { $count } orders are under way.
}
close-invoices = { $count ->
    [one] { $count } invoice you asked for is not made yet.
   *[other] { $count } invoices you asked for are not made yet.
}
close-between = Money of yours is on its way, or is being looked at.
close-holder = Account holder
close-bank = Bank and branch
close-number = Account number
close-wrong-holder = Please enter the name of the account holder.
close-wrong-bank = Please enter bank and branch, at most 80 characters.
close-wrong-number = This does not look like the number of a bank account: 8 to 34 digits or letters.
close-agree = I want to close my account, and know that this cannot be undone.
close-agree-needed = Please confirm that you want this.
close-send = Close the account
close-hint = Take a copy of your data before:
close-open = You asked on { $when } to close the account. As soon as the money went out, it is closed.
close-sending = You asked on { $when } to close the account. The money is being sent to your bank account; the closing can no longer be taken back.
close-withdraw = Keep the account
close-done = Your account is closed. Thank you for having been with us.
problem-close-first = The account cannot be closed yet
problem-close-first-do = Something stands against it: see account, "Close the account".

give-up-title = Give up the line
give-up-what = The line ends at once: no service, and its number is no longer yours. After a time it is given to somebody else.
give-up-paid = It is paid until { $until }. What is unused may be refundable by its rule: ask first, on its order.
give-up-agree = I want to give up this line and its number.
give-up-agree-needed = Please confirm that you want this.
give-up-send = Give it up
give-up-link-hint = It ends, and its number goes
line-done-given-up = The line has ended.

desk-closings-title = Accounts to close
desk-closings-lead = Take one up before you send anything: the amount is set aside, and the owner cannot take the closing back any more. Then send it from the bank account and enter the bank's id of the payment: the account is closed, and what names the customer is removed.
desk-closings-none = Nobody wants to leave.
desk-closings-open = { $count ->
    [one] { $count } account to close
   *[other] { $count } accounts to close
}
desk-closings-bank-id = The bank's id of the payment
desk-closings-bank-id-wrong = Please enter the bank's id of the payment, 1 to 64 letters or digits.
desk-closings-take = I send it now
desk-closings-close = Nothing to send: close it
desk-closings-sending = Set aside for { $name }, who sends it. Do not send it a second time.
desk-closings-sent = It was sent: close it
desk-closings-not-sent = It was not sent
desk-closings-not-sent-hint = Only if you know from the bank that nothing went out. The account has the money again, and the owner may take the closing back.
desk-closings-unfinished = The money went out as { $name }. What names the customer is not removed yet.
desk-closings-finish = Remove it now
desk-closings-changed = The amount changed meanwhile. The list is new.
desk-closings-noted = This id was noted for another payment.
desk-closings-against = Something stands against it by now: an order, a line, or money on its way. What you noted is noted; the account stays in the list until that is settled.
