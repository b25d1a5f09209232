-- Where each principal comes from, whether that is new for it, and how busy it is.
SELECT o.principal, o.origin, o.is_new, p.is_aws, p.days, p.requests
FROM profile_origin o JOIN profile_principal p ON p.principal = o.principal
