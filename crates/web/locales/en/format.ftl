# Times and amounts
format-days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
format-hours = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}
format-minutes = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
format-months = { $months ->
    [one] { $months } month
   *[other] { $months } months
}
format-month-end = to the end of the month
format-messages = { $messages ->
    [one] { $messages } message
   *[other] { $messages } messages
}
format-day = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
format-day-of-year = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }
format-moment = { $day } { $time }
format-today = today
format-tomorrow = tomorrow
format-yesterday = yesterday
format-age-moment = less than a minute
format-unit-data = Data
format-unit-voice = Calls
format-unit-messages = Messages
