# 帮助
help-title = 帮助
help-search = 想了解什么？
help-search-do = 搜索
help-found = 搜索结果
help-nothing = 没有找到相关内容。请换个说法、查看下面的列表，或直接联系我们。
help-all = 全部帮助
help-people = 联系客服
help-guests = 登录后可以书面咨询；以访客身份付款的订单，请从订单链接联系客服。
help-open-until = 接听中，至 { $time }
help-open-midnight = 接听中，至午夜
help-opens-today = 今天 { $time } 开始接听
help-opens-tomorrow = 明天 { $time } 开始接听
help-opens-day = { $day ->
    [0] 周一
    [1] 周二
    [2] 周三
    [3] 周四
    [4] 周五
    [5] 周六
   *[6] 周日
} { $time } 开始接听
