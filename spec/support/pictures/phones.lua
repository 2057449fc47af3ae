-- Pictures of pages, in the frames of phones that stand side by side, as HTML.

local phones = {}

local FRAME = [[
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Phones</title>
<style>
body{margin:0;padding:16px;width:max-content;display:flex;gap:28px}
div{border:10px solid #22262e;border-radius:44px;overflow:hidden;box-shadow:0 4px 14px rgba(0,0,0,.35)}
img{display:block;width:390px;height:auto}
</style></head>
<body>%s</body></html>
]]

--- @param files  list of pictures, each 390 pixels wide, from left to right
-- @return HTML
function phones.html(files)
  local list = {}
  for i, file in ipairs(files) do
    list[i] = ("<div><img alt='' src='file://%s'></div>"):format(file)
  end
  return FRAME:format(table.concat(list))
end

return phones
