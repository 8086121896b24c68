//! The columns of a file of lines, and the words in them.

use super::super::header::Column;
use everline_core::customer::CustomerKind;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::offering::Family;

/// The columns, in the order of an export.
pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "iccid", also: &["卡号", "iccid号", "sim卡号"], required: true },
    Column { name: "imsi", also: &["imsi号", "国际移动用户识别码"], required: true },
    Column {
        name: "number",
        also: &["msisdn", "号码", "手机号", "手机号码", "电话号码", "物联网号码"],
        required: true,
    },
    Column { name: "owner", also: &["客户", "客户编号", "客户号", "机主编号"], required: false },
    Column { name: "owner_kind", also: &["客户类型"], required: false },
    Column { name: "owner_name", also: &["客户名称", "姓名", "客户姓名", "机主"], required: false },
    Column { name: "owner_contact", also: &["联系电话", "联系号码", "联系手机"], required: false },
    Column { name: "language", also: &["语言"], required: false },
    Column { name: "device_name", also: &["设备名称", "备注名"], required: false },
    Column { name: "device_kind", also: &["设备类型"], required: false },
    Column { name: "family", also: &["业务类型", "类别"], required: true },
    Column { name: "network", also: &["网络"], required: true },
    Column { name: "plan", also: &["套餐", "套餐编码", "资费"], required: false },
    Column { name: "plan_ends", also: &["到期时间", "到期日", "有效期至", "套餐到期"], required: false },
    Column { name: "batch", also: &["批次", "批次号"], required: false },
];

/// The words of the columns, for reading and writing; the first of each is written.
pub(crate) const OWNER_KINDS: &[(&str, CustomerKind)] = &[
    ("person", CustomerKind::Person),
    ("organisation", CustomerKind::Organisation),
    ("organization", CustomerKind::Organisation),
    ("个人", CustomerKind::Person),
    ("企业", CustomerKind::Organisation),
    ("单位", CustomerKind::Organisation),
];
pub(crate) const DEVICES: &[(&str, DeviceKind)] = &[
    ("phone", DeviceKind::Phone),
    ("watch", DeviceKind::Watch),
    ("router", DeviceKind::Router),
    ("tracker", DeviceKind::Tracker),
    ("meter", DeviceKind::Meter),
    ("other", DeviceKind::Other),
    ("手机", DeviceKind::Phone),
    ("手表", DeviceKind::Watch),
    ("路由器", DeviceKind::Router),
    ("定位器", DeviceKind::Tracker),
    ("表计", DeviceKind::Meter),
    ("其他", DeviceKind::Other),
];
pub(crate) const FAMILIES: &[(&str, Family)] = &[
    ("phone", Family::Phone),
    ("watch", Family::Watch),
    ("router", Family::Router),
    ("iot", Family::Iot),
    ("travel", Family::Travel),
    ("手机", Family::Phone),
    ("手表", Family::Watch),
    ("路由器", Family::Router),
    ("物联网", Family::Iot),
    ("旅行", Family::Travel),
];
pub(crate) const NETWORKS: &[(&str, NetworkKind)] = &[
    ("built_in", NetworkKind::BuiltIn),
    ("upstream", NetworkKind::Upstream),
    ("自有", NetworkKind::BuiltIn),
    ("上游", NetworkKind::Upstream),
];
