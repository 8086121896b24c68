offline-title = No connection
offline-lead = This device has no connection. What you see is what was known last; nothing can be paid now.
offline-as-of = As of { $time }
offline-more = and { $count } more lines
offline-again = Try again
