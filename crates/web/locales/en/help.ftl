# Help
help-title = Help
help-search = What is it about?
help-search-do = Search
help-found = What we found
help-nothing = Nothing fits these words. Try others, look through the list, or ask us.
help-all = All help pages
help-people = Ask people
help-guests = Sign in to ask support in writing. For an order you paid as a guest, ask from the link of that order.
help-open-until = open now until { $time }
help-open-midnight = open now until midnight
help-opens-today = opens today { $time }
help-opens-tomorrow = opens tomorrow { $time }
help-opens-day = opens { $day ->
    [0] Monday
    [1] Tuesday
    [2] Wednesday
    [3] Thursday
    [4] Friday
    [5] Saturday
   *[6] Sunday
} { $time }
