# 时间、数量
format-days = { $days } 天
format-hours = { $hours } 小时
format-minutes = { $minutes } 分钟
format-months = { $months } 个月
format-month-end = 到当月月底
format-messages = { $messages } 条短信
format-day = { $month }月{ $day }日
format-day-of-year = { $year }年{ $month }月{ $day }日
format-moment = { $day } { $time }
format-today = 今天
format-tomorrow = 明天
format-yesterday = 昨天
format-age-moment = 不到 1 分钟
format-unit-data = 流量
format-unit-voice = 通话
format-unit-messages = 短信
