-- title: Downloads by people
-- question: How often did people download each object, with ranges merged, double clicks counted once and bots counted separately?
-- pack: performance
-- kind: report
-- severity: info
-- parameter: pause interval 30 seconds — downloads by one client within this time count as one
-- column: bucket — bucket
-- column: key — the decoded key
-- column: requests — successful GETs
-- column: full — requests that returned the whole object
-- column: ranges — requests that returned a part of it
-- column: downloads — downloads by people: whole objects, and ranges that add up to the size; double clicks count once
-- column: clients — distinct clients of people: address and user agent
-- column: by_bots — requests by bots
-- column: bytes — bytes sent
-- false positives: Clients that share an address and a user agent count as one; bots that do not identify themselves count as people.
-- source: COUNTER Code of Practice: double clicks, robots
-- source: Questions of those who publish data

WITH gets AS (
  SELECT bucket, object_key(key, operation) AS name, remote_ip, coalesce(user_agent, '-') AS agent, is_robot(user_agent) AS is_bot, http_status, possible_size(bytes_sent) AS bytes_sent, object_size, request_time
  FROM logs WHERE operation IN ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT') AND is_read(operation, http_status) AND key IS NOT NULL
),
clicks AS (
  SELECT *, http_status = 200 AND NOT is_bot
            AND coalesce(request_time - lag(request_time) OVER (PARTITION BY bucket, name, remote_ip, agent, http_status ORDER BY request_time) > CAST($pause AS INTERVAL), true) AS is_download
  FROM gets
),
-- Ranges of one client on one day are one download if they add up to the size.
parts AS (
  SELECT bucket, name, count(*) FILTER (WHERE sent >= size) AS downloads FROM (
    SELECT bucket, name, sum(bytes_sent) AS sent, max(object_size) AS size FROM gets WHERE http_status = 206 AND NOT is_bot
    GROUP BY bucket, name, remote_ip, agent, date_trunc('day', request_time)
  ) GROUP BY 1, 2
)
SELECT c.bucket, c.name AS key, count(*) AS requests, count(*) FILTER (WHERE c.http_status = 200) AS full, count(*) FILTER (WHERE c.http_status = 206) AS ranges,
       count(*) FILTER (WHERE c.is_download) + coalesce(max(p.downloads), 0) AS downloads,
       count(DISTINCT CASE WHEN NOT c.is_bot THEN concat(c.remote_ip, ' ', c.agent) END) AS clients,
       count(*) FILTER (WHERE c.is_bot) AS by_bots, coalesce(sum(c.bytes_sent), 0) AS bytes
FROM clicks c LEFT JOIN parts p ON p.bucket = c.bucket AND p.name = c.name
GROUP BY c.bucket, c.name
ORDER BY downloads DESC, requests DESC, c.bucket, c.name
