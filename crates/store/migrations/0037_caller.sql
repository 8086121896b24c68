-- Whether a caller proved to a member who they are is asked on every page of a customer.
CREATE INDEX audit_caller ON audit (customer_id, staff_id, at) WHERE action = 'caller.proved';
