offline-title = 没有网络
offline-lead = 此设备没有网络连接。这里显示的是最后一次获得的信息，现在不能付款。
offline-as-of = 截至 { $time }
offline-more = 另有 { $count } 个号码
offline-again = 重试
