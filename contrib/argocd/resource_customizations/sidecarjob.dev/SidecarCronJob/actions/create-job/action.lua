local os = require("os")

-- A run by hand, as `sidecarjob cron run` makes it. At most one in a minute, since the name has the minute.

-- Empty tables are left out: Lua can't tell an empty list from an empty object.
local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local new = {}
  for key, item in pairs(value) do
    new[key] = copy(item)
  end
  if next(new) == nil then
    return nil
  end
  return new
end

local job = {apiVersion = obj.apiVersion, kind = "SidecarJob"}
local template = obj.spec.jobTemplate.metadata or {}

job.metadata = {
  name = obj.metadata.name .. "-" .. os.date("!%y%m%d%H%M"),
  namespace = obj.metadata.namespace,
  labels = copy(template.labels) or {},
  annotations = copy(template.annotations) or {},
  ownerReferences = {
    {
      apiVersion = obj.apiVersion,
      kind = obj.kind,
      name = obj.metadata.name,
      uid = obj.metadata.uid,
      controller = true,
      blockOwnerDeletion = true,
    },
  },
}
job.metadata.labels["sidecarjob.dev/schedule"] = obj.metadata.name
job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = nil
job.metadata.annotations["cronjob.kubernetes.io/instantiate"] = "manual"
job.metadata.annotations["sidecarjob.dev/started-by"] =
  '{"user":"Argo CD","time":"' .. os.date("!%Y-%m-%dT%H:%M:%SZ") .. '"}'

job.spec = copy(obj.spec.jobTemplate.spec)

return {{operation = "create", resource = job}}
